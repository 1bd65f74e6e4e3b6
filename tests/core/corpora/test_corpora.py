"""Corpora: made, kept through restarts and crashes, shared between threads and processes, searched."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rerank_core import Document, InvalidDocumentsError, InvalidRequestError
from rerank_core.corpora import MAX_NAME, Added, CorpusError, CorpusStore, database
from rerank_core.corpora import corpus as corpus_module
from rerank_core.corpora import vector_file as vector_module
from rerank_core.corpora.errors import explained
from rerank_core.corpora.files import size_of
from rerank_core.keyword import index as keyword_index
from rerank_core.keyword.index import KeywordIndex
from rerank_core.retrieval.embedding import Vectors
from tests.support import ROOT
from tests.support.gate import PATIENCE

TEXTS = ["Reset your password", "Read an invoice", "Close your account", "Change the password of the router"]
texts = st.text(st.characters(), max_size=40)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
documents = st.builds(Document, texts, st.none() | texts, st.dictionaries(texts, values, max_size=3))


@pytest.fixture
def store(tmp_path):
    return CorpusStore(tmp_path / "corpora")


def again(store: CorpusStore) -> CorpusStore:
    """The same corpora as another start of the app sees them."""
    return CorpusStore(store.folder)


def code_of(caught: pytest.ExceptionInfo[CorpusError]) -> str:
    """The code of an error that has a sentence and a hint."""
    assert caught.value.message.endswith(".")
    assert caught.value.hint.endswith(".")
    return caught.value.code


def run_python(code: str, *args: object, status: int = 0) -> str:
    """What a process of its own prints."""
    command = [sys.executable, "-c", textwrap.dedent(code), *map(str, args)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == status, done.stderr
    return done.stdout.strip()


def counted_vectors(calls: list[list[str]]):
    """A stand-in for the model: two rows for a text with a comma, none for a blank one, one for any other."""

    def embed(model, some, first_place=0, *, tick=None):
        calls.append(list(some))
        rows, owners = [], []
        for place, text in enumerate(some, first_place):
            if tick is not None:
                tick(place - first_place)
            for part in [part for part in text.split(",") if part.strip()]:
                angle = (sum(part.encode()) % 97) / 97 * np.pi
                rows.append([np.cos(angle), np.sin(angle)])
                owners.append(place)
        return Vectors(np.array(rows, np.float32).reshape(-1, 2), np.array(owners, np.int32))

    return embed


@pytest.fixture
def embedded(monkeypatch):
    """The texts of every call to the model."""
    calls: list[list[str]] = []
    monkeypatch.setattr(vector_module, "embed_passages", counted_vectors(calls))
    return calls


# Life


def test_a_corpus_survives_a_restart(store):
    """What was made is there for another store, with its order, ids, metadata and search."""
    made = [{"text": text, "id": place, "url": f"https://example.com/{place}"} for place, text in enumerate(TEXTS)]
    store.create("Help centre", made)
    corpus = again(store).open("help CENTRE")
    assert [document.text for document in corpus] == TEXTS
    assert corpus[3] == Document(TEXTS[3], "3", {"url": "https://example.com/3"})
    assert len(corpus) == 4
    assert [hit.index for hit in corpus.keyword_index().search("router password")] == [3, 0]


def test_the_default_folder_is_in_the_home(tmp_path, monkeypatch):
    """Without a folder, corpora are kept under the playground's home, and asking for the list makes nothing."""
    monkeypatch.setenv("RERANK_PLAYGROUND_HOME", str(tmp_path / "here"))
    assert CorpusStore().list() == ()
    assert not (tmp_path / "here").exists()
    CorpusStore().create("One", ["a text"])
    assert (tmp_path / "here" / "corpora").is_dir()


def test_the_list_tells_what_is_there(store, embedded):
    """A row has the name, passages, documents, bytes on disk and which indexes are there, newest first."""
    store.create("Old", TEXTS)
    parts = [Document(f"part {n}", metadata={"document_id": f"d{n // 2}"}) for n in range(5)]
    corpus = store.create("New", parts)
    corpus.keyword_index()
    corpus.vectors("local-english")
    new, old = again(store).list()
    assert (new.name, new.passages, new.documents) == ("New", 5, 3)
    assert (old.name, old.passages, old.documents) == ("Old", 4, 4)
    assert (new.keyword, dict(new.vectors)) == (True, {"local-english": 5})
    assert (old.keyword, dict(old.vectors)) == (False, {})
    assert new.size == sum(path.stat().st_size for path in corpus.folder.rglob("*") if path.is_file())
    assert new.created is not None
    assert old.created is not None
    assert new.created >= old.created
    assert new.created.utcoffset() is not None


def test_documents_are_counted_across_additions(store):
    """A document whose passages arrive in several additions and batches counts once."""
    corpus = store.create("A", [Document(f"a{n}", metadata={"document_id": n % 3}) for n in range(1200)])
    corpus.add([Document(f"b{n}", metadata={"document_id": n % 4}) for n in range(8)])
    assert corpus.facts()[2:4] == (1208, 4)


def test_renaming_keeps_the_passages(store):
    """A corpus is found by its new name, and by its id as before."""
    corpus = store.create("Before", TEXTS)
    store.rename("before", "  After   that ")
    assert again(store).open("after that").id == corpus.id
    assert corpus.name == "After that"
    store.rename(corpus.id, "AFTER that")
    with pytest.raises(CorpusError) as caught:
        store.open("Before")
    assert code_of(caught) == "corpus_not_found"


def test_a_deleted_corpus_is_gone(store):
    """Nothing of it is left on disk, its name is free, and who still holds it is told."""
    held = again(store).open(store.create("Gone", TEXTS).id)
    held.keyword_index()
    store.delete("Gone")
    assert [path.name for path in store.folder.iterdir()] == ["names.lock"]
    for use in (
        len,
        list,
        lambda it: it.add(["x"]),
        lambda it: it.keyword_index(),
        lambda it: it.vectors("local-english"),
    ):
        with pytest.raises(CorpusError) as caught:
            use(held)
        assert code_of(caught) == "corpus_not_found"
    assert [path.name for path in store.folder.iterdir()] == ["names.lock"]
    store.create("Gone", ["new"])
    with pytest.raises(CorpusError) as caught:
        store.delete("Nothing")
    assert code_of(caught) == "corpus_not_found"


@pytest.mark.parametrize("taken", ["Name", "NAME", " name ", "Ｎame"])
def test_names_are_unique_whatever_their_case(store, taken):
    """A name that is taken is refused, for a new corpus and for a renamed one, and nothing is left behind."""
    store.create("Name", TEXTS)
    other = store.create("Other", TEXTS)
    with pytest.raises(CorpusError) as caught:
        store.create(taken, TEXTS)
    assert code_of(caught) == "corpus_exists"
    with pytest.raises(CorpusError) as caught:
        store.rename(other.id, taken)
    assert code_of(caught) == "corpus_exists"
    assert len(list(store.folder.iterdir())) == 3


@pytest.mark.parametrize("name", ["", "  \n ", "x" * (MAX_NAME + 1), "a\x00b", "a\u202eb"])
def test_a_name_must_be_one(store, name):
    """An empty name, one that is too long and one that cannot be shown are refused before anything is made."""
    with pytest.raises(CorpusError) as caught:
        store.create(name, TEXTS)
    assert code_of(caught) == "corpus_name"
    assert not store.folder.exists()


def test_a_corpus_needs_passages(store):
    """No passages and what is no document are refused, and nothing is left behind."""
    with pytest.raises(CorpusError) as caught:
        store.create("Empty", [])
    assert code_of(caught) == "corpus_empty"
    with pytest.raises(InvalidDocumentsError):
        store.create("Wrong", ["fine", 7])
    assert store.list() == ()
    assert not list(store.folder.iterdir()) or [path.name for path in store.folder.iterdir()] == ["names.lock"]


def test_names_that_look_like_ids(store):
    """A corpus that is called like an id is found by that name."""
    corpus = store.create("0123456789abcdef", TEXTS)
    assert store.open("0123456789abcdef").id == corpus.id


# Passages


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(documents, min_size=1, max_size=8))
def test_any_document_comes_back_as_it_was(tmp_path, made):
    """Text, id and metadata survive, whatever characters they hold."""
    store = CorpusStore(tmp_path)
    corpus = store.create("x", made)
    try:
        assert again(store).open(corpus.id).get(range(len(made))) == made
    finally:
        store.delete(corpus.id)


def test_adding_puts_passages_at_the_end(store):
    """Places never change; what is there already, id and metadata included, is left out unless it is asked for."""
    corpus = store.create("A", TEXTS)
    assert corpus.add(["new", TEXTS[0], "new"]) == Added(2, 1)
    assert [document.text for document in corpus] == [*TEXTS, "new", "new"]
    assert corpus.add([{"text": TEXTS[0], "id": "7"}, TEXTS[0]], skip_known=False) == Added(2, 0)
    assert len(again(store).open("A")) == 8


def test_an_addition_is_all_or_nothing(store):
    """Passages in front of one that is refused, and of an import that stops, are not kept."""
    corpus = store.create("A", TEXTS)
    with pytest.raises(InvalidDocumentsError):
        corpus.add(["x", "y", None])

    def stopping():
        yield from (f"passage {n}" for n in range(1200))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        corpus.add(stopping())
    assert len(corpus) == 4
    assert corpus.add(["x"]).added == 1


@pytest.mark.parametrize(("limit", "most"), [("MAX_PASSAGES", 6), ("MAX_TEXT_BYTES", 120)])
def test_a_corpus_has_bounds(store, monkeypatch, limit, most):
    """Beyond its passages or bytes a corpus takes nothing more, and says what to do instead."""
    corpus = store.create("A", TEXTS)
    monkeypatch.setattr(database, limit, most)
    with pytest.raises(CorpusError) as caught:
        corpus.add([f"one more passage, number {n}" for n in range(3)])
    assert code_of(caught) == "corpus_full"
    assert "search engine" in caught.value.hint
    assert len(corpus) == 4


def test_a_place_that_is_not_there(store):
    """A wrong place is an IndexError, as in a list."""
    corpus = store.create("A", TEXTS)
    for wrong in ([4], [0, -1], [10**12]):
        with pytest.raises(IndexError):
            corpus.get(wrong)
    with pytest.raises(IndexError):
        corpus.surroundings(4)
    assert corpus.get([3, 0, 3]) == [corpus[3], corpus[0], corpus[3]]


def test_a_passage_in_its_surroundings(store):
    """Neighbours that were cut from the same document, and no others."""
    parts = [Document(f"d{n // 4} part {n % 4}", metadata={"document_id": f"d{n // 4}"}) for n in range(12)]
    corpus = store.create("A", [*parts, "alone", "alone too"])
    assert [place for place, _ in corpus.surroundings(5, 2)] == [4, 5, 6, 7]
    assert [place for place, _ in corpus.surroundings(11, 1)] == [10, 11]
    assert [place for place, _ in corpus.surroundings(12, 2)] == [12]
    assert [document.text for _, document in corpus.passages_of("d1")] == [f"d1 part {n}" for n in range(4)]
    assert corpus.passages_of("d9") == []


# Crashes and damage


def test_a_crash_while_a_corpus_is_made_leaves_none(store):
    """A process that dies in the middle leaves no corpus, and what it left is cleared away in time."""
    run_python(
        """
        import os, sys
        from rerank_core.corpora import CorpusStore
        def some():
            yield from (f"passage {n}" for n in range(2000))
            os._exit(3)
        CorpusStore(sys.argv[1]).create("Half", some())
        """,
        store.folder,
        status=3,
    )
    assert store.list() == ()
    assert list(store.folder.glob("making-*"))
    again(store).tidy()
    assert not list(store.folder.glob("making-*"))
    corpus = store.create("Half", TEXTS)

    def others():
        again(store).tidy()
        assert [path for path in store.folder.glob("making-*") if path.is_dir()], "its maker lives"
        yield from TEXTS

    store.create("Another", others())
    assert not list(store.folder.glob("making-*"))
    assert {summary.name for summary in store.list()} == {"Half", "Another"}
    assert len(corpus) == 4


def test_a_crash_while_passages_are_added_keeps_the_corpus(store):
    """A process that dies in an addition leaves the corpus as it was, open for the next addition."""
    corpus = store.create("A", TEXTS)
    run_python(
        """
        import os, sys
        from rerank_core.corpora import CorpusStore
        def some():
            yield from (f"passage {n}" for n in range(2000))
            os._exit(3)
        CorpusStore(sys.argv[1]).open("A").add(some())
        """,
        store.folder,
        status=3,
    )
    assert [document.text for document in corpus] == TEXTS
    assert corpus.add(["more"]).added == 1


def damage_nothing_there(path: Path) -> None:
    path.write_bytes(b"")


def damage_other_bytes(path: Path) -> None:
    path.write_bytes(b"This is no database. " * 400)


def damage_zeros_inside(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[4096 : len(data)] = bytes(len(data) - 4096)
    path.write_bytes(data)


def damage_cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:5000])


@pytest.mark.parametrize("harm", [damage_nothing_there, damage_other_bytes, damage_zeros_inside, damage_cut_off])
def test_a_damaged_corpus_says_so_and_harms_no_other(store, harm):
    """Its row in the list carries the problem, its use raises a sentence, the others work, and it can be deleted."""
    broken = store.create("Broken", [f"passage {n} " + "x" * 200 for n in range(400)])
    store.create("Whole", TEXTS)
    harm(broken.folder / "passages.sqlite3")
    listed = again(store).list()
    assert [summary.name for summary in listed if summary.problem is None] == ["Whole"]
    (row,) = [summary for summary in listed if summary.problem]
    assert (row.id, row.created) == (broken.id, None)
    assert "damaged" in (row.problem or "")
    with pytest.raises(CorpusError) as caught:
        list(again(store).open(broken.id))
    assert code_of(caught) == "corpus_damaged"
    assert len(again(store).open("whole").keyword_index().search("password")) == 2
    store.create("More", TEXTS)
    store.delete(broken.id)
    assert {summary.name for summary in store.list()} == {"Whole", "More"}


def test_damage_among_the_passages_is_found_when_they_are_read(store):
    """A passage whose bytes make no sense is an error, never another text."""
    import sqlite3

    corpus = store.create("A", TEXTS)
    with sqlite3.connect(corpus.folder / "passages.sqlite3") as db:
        db.execute("UPDATE passages SET metadata = '[1' WHERE place = 1")
        db.execute("UPDATE passages SET text = x'ff' WHERE place = 2")
        db.execute("DELETE FROM passages WHERE place = 3")
    db.close()
    assert corpus[0].text == TEXTS[0]
    for read in (lambda: corpus[1], lambda: corpus[2], lambda: list(corpus.texts())):
        with pytest.raises(CorpusError) as caught:
            read()
        assert code_of(caught) == "corpus_damaged"


def test_a_corpus_of_a_newer_version_is_left_alone(store):
    """A file that a later version wrote is refused with a sentence."""
    import sqlite3

    corpus = store.create("A", TEXTS)
    db = sqlite3.connect(corpus.folder / "passages.sqlite3")
    db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(CorpusError) as caught:
        len(corpus)
    assert code_of(caught) == "corpus_newer"


def test_a_folder_that_cannot_be_written(tmp_path):
    """A file where the folder should be is a sentence that names the place."""
    (tmp_path / "corpora").write_text("in the way")
    store = CorpusStore(tmp_path / "corpora")
    with pytest.raises(CorpusError) as caught:
        store.create("A", TEXTS)
    assert code_of(caught) == "corpus_disk"
    with pytest.raises(CorpusError):
        store.list()


# Indexes


def test_the_keyword_index_is_kept_on_disk(store, monkeypatch):
    """Built once; another start maps it from disk; an addition has it built anew and the old one removed."""
    corpus = store.create("A", TEXTS)
    assert not corpus.has_keyword_index()
    index = corpus.keyword_index()
    assert corpus.keyword_index() is index
    built = []
    build = KeywordIndex.build
    monkeypatch.setattr(KeywordIndex, "build", lambda *a, **k: built.append(1) or build(*a, **k))
    other = again(store).open("A")
    assert other.has_keyword_index()
    assert other.keyword_index().search("password") == index.search("password")
    assert built == []
    corpus.add(["password recovery"])
    assert not corpus.has_keyword_index()
    assert len(corpus.keyword_index().search("password")) == 3
    assert len(other.keyword_index().search("password")) == 3
    assert built == [1]
    assert len(list(corpus.folder.glob("keyword-*"))) == 1


def test_a_damaged_index_is_built_anew(store):
    """What was made of the passages can be made again, so nobody hears of it."""
    corpus = store.create("A", TEXTS)
    found = corpus.keyword_index().search("password")
    (folder,) = corpus.folder.glob("keyword-*")
    (folder / "weights.npy").write_bytes(b"nonsense")
    assert again(store).open("A").keyword_index().search("password") == found
    assert again(store).open("A").keyword_index().search("password") == found


def test_an_index_that_cut_words_otherwise_is_built_anew(store, monkeypatch):
    """A base that was filled before words were cut as they are now finds what a new one finds, and says that it is
    indexed first."""
    corpus = store.create("A", ["Das Pass\u00adwort", "Die Rechnung"])
    with monkeypatch.context() as patch:
        patch.setattr(keyword_index, "FORMAT", 1)
        corpus.keyword_index()
    older = again(store).open("A")
    assert not older.has_keyword_index()
    assert [hit.index for hit in older.keyword_index().search("Passwort")] == [0]
    assert older.has_keyword_index()
    assert len(list(corpus.folder.glob("keyword-*"))) == 1


def test_indexing_tells_and_can_be_stopped(store):
    """Progress reaches the caller, and what it raises leaves the corpus without an index and otherwise whole."""
    corpus = store.create("A", [f"passage {n}" for n in range(1600)])
    told = []

    def stop(done, total):
        told.append((done, total))
        if done >= 1000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        corpus.keyword_index(stop)
    assert told == [(0, 1600), (500, 1600), (1000, 1600)]
    assert not corpus.has_keyword_index()
    assert not list(corpus.folder.glob("keyword-*"))
    assert len(corpus.keyword_index()) == 1600


def test_vectors_are_kept_and_grow_with_the_corpus(store, embedded):
    """Only passages without vectors are embedded, now and after a restart."""
    corpus = store.create("A", ["one", "two, in two windows", " "])
    assert corpus.missing_vectors("local-english") == 3
    told = []
    table = corpus.vectors("local-english", lambda done, total: told.append((done, total)))
    assert told[0] == (0, 3)
    assert corpus.vectors("local-english") is table
    other = again(store).open("A")
    assert other.missing_vectors("local-english") == 0
    other.vectors("local-english")
    assert len(embedded) == 1
    corpus.add(["three", "four"])
    assert other.missing_vectors("local-english") == 2
    assert len(other.vectors("local-english")) == 5
    assert embedded == [["one", "two, in two windows", ""], ["three", "four"]]
    assert corpus.missing_vectors("local-multilingual") == 5


def test_vectors_find_what_is_nearest(store, embedded):
    """A text of several windows counts with its best one, a blank one is never found."""
    made = ["alpha", "beta", "gamma, beta", " ", "delta"]
    corpus = store.create("A", made)
    table = corpus.vectors("local-english")
    rows = counted_vectors([])("", ["beta"]).rows
    found = table.search(rows[0], 10)
    assert {place for place, _ in found} == {0, 1, 2, 4}
    assert found[0] == (1, pytest.approx(1.0))
    best = dict(found)
    windows = counted_vectors([])("", ["gamma, beta"]).rows
    assert best[2] == pytest.approx(float((windows @ rows[0]).max()), abs=1e-6)
    assert [score for _, score in found] == sorted(best.values(), reverse=True)
    assert table.search(rows[0], 2) == found[:2]
    with pytest.raises(ValueError, match="1 or more"):
        table.search(rows[0], 0)


def test_a_cancelled_embedding_goes_on_where_it_stopped(store, embedded):
    """What was done before the stop is kept."""
    corpus = store.create("A", [f"passage {n}" for n in range(600)])

    def stop(done, total):
        if done >= 300:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        corpus.vectors("local-english", stop)
    assert corpus.missing_vectors("local-english") == 600 - 256
    embedded.clear()
    assert len(again(store).open("A").vectors("local-english")) == 600
    assert embedded[0][0] == "passage 256"


def test_a_crash_while_embedding_loses_little(store, embedded):
    """Bytes behind what counts are written over, and files that were lost are made again."""
    corpus = store.create("A", [f"passage {n}" for n in range(300)])
    whole = corpus.vectors("local-english").search(np.array([1, 0], np.float32), 300)
    corpus.add(["one more"])
    for path in (*corpus.folder.glob("vectors-*.f32"), *corpus.folder.glob("vectors-*.i32")):
        with path.open("ab") as file:
            file.write(b"\xff" * 52)
    grown = again(store).open("A").vectors("local-english")
    assert len(grown) == 301
    assert [hit for hit in grown.search(np.array([1, 0], np.float32), 301) if hit[0] != 300] == whole
    (rows,) = corpus.folder.glob("vectors-*.f32")
    rows.write_bytes(rows.read_bytes()[:100])
    fresh = again(store).open("A")
    assert fresh.missing_vectors("local-english") == 301
    assert len(fresh.vectors("local-english")) == 301


# Threads and processes


def test_threads_build_an_index_once(store, monkeypatch):
    """Eight threads that ask at once get the same index, built by one of them."""
    corpus = store.create("A", TEXTS)
    built = []
    build = KeywordIndex.build
    monkeypatch.setattr(KeywordIndex, "build", lambda *a, **k: built.append(1) or build(*a, **k))
    gate = threading.Barrier(8)

    def ask(_):
        gate.wait(PATIENCE)
        return again(store).open("A").keyword_index().search("password"), corpus.keyword_index()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(8)))
    assert len({tuple(found) for found, _ in answers}) == 1
    assert len({id(index) for _, index in answers}) == 1
    assert built == [1]


def test_threads_embed_once(store, embedded):
    """Threads that ask for vectors at once do not do the work twice."""
    store.create("A", [f"passage {n}" for n in range(40)])
    gate = threading.Barrier(4)

    def ask(_):
        gate.wait(PATIENCE)
        return len(again(store).open("A").vectors("local-english"))

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(ask, range(4))) == [40] * 4
    assert len(embedded) == 1


def test_processes_add_at_the_same_time(store):
    """Additions from several processes are all there, none mixed into another."""
    store.create("A", TEXTS)
    code = textwrap.dedent(
        """
        import sys
        from rerank_core.corpora import CorpusStore
        corpus = CorpusStore(sys.argv[1]).open("A")
        print("ready", flush=True)
        sys.stdin.readline()
        for batch in range(5):
            corpus.add([f"{sys.argv[2]} {batch} {n}" for n in range(20)])
        """
    )
    command = [sys.executable, "-c", code, str(store.folder)]
    running = [
        subprocess.Popen(
            [*command, name], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for name in ("first", "second")
    ]
    for process in running:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in running:
        _, wrong = process.communicate("go\n", timeout=60)
        assert process.returncode == 0, wrong
    found = [document.text for document in store.open("A")]
    assert found[:4] == TEXTS
    assert len(found) == 204
    batches = [tuple(text.split()[:2]) for text in found[4::20]]
    assert len(set(batches)) == 10
    assert all(found[4 + start].rsplit(" ", 1)[0] == " ".join(batches[start // 20]) for start in range(200))


def test_threads_take_a_name_once(store):
    """Of several that make a corpus of the same name at once, one succeeds."""
    gate = threading.Barrier(4)

    def make(_):
        gate.wait(PATIENCE)
        try:
            return store.create("Same", TEXTS).id
        except CorpusError as error:
            return error.code

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(make, range(4)))
    assert answers.count("corpus_exists") == 3, answers
    assert len(store.list()) == 1


def test_a_corpus_can_be_read_while_it_grows(store):
    """A long addition does not hold up whoever reads, and shows nothing before it is whole."""
    corpus = store.create("A", TEXTS)
    seen = []

    def slowly():
        for n in range(1500):
            if n == 1200:
                seen.append((len(corpus), corpus[0].text, len(store.list())))
            yield f"passage {n}"

    corpus.add(slowly())
    assert seen == [(4, TEXTS[0], 1)]
    assert len(corpus) == 1504


def test_a_lock_that_is_held_is_a_sentence(store, monkeypatch):
    """Work that another process does for too long ends in an error that can be tried again."""
    from rerank_core.storage.locks import exclusive

    corpus = store.create("A", TEXTS)
    monkeypatch.setattr(corpus_module, "_INDEX_SECONDS", 0.0)
    with exclusive(corpus.folder / "keyword.lock", 1.0, explained), pytest.raises(CorpusError) as caught:
        corpus.keyword_index()
    assert code_of(caught) == "corpus_busy"
    assert caught.value.retryable
    assert len(corpus.keyword_index()) == 4


def test_few_corpora_stay_open(store):
    """Indexes of corpora that have not been used for a while leave the memory, and come back from disk."""
    ids = [store.create(f"Corpus {n}", TEXTS).id for n in range(6)]
    assert store.open(ids[5]) is store.open(ids[5])
    first = store.open(ids[0])
    for corpus_id in ids[1:]:
        store.open(corpus_id)
    assert store.open(ids[0]) is not first
    assert len(first) == len(store.open(ids[0])) == 4


# What is searched


PAGES = [
    Document("Open Settings.", "a", {"title": "Reset your password"}),
    Document("Read it here.", "b", {"title": "Your invoice", "tags": ["bill", "payment"]}),
]


def test_titles_are_searched_unless_said_otherwise(store, embedded):
    """A corpus keeps which fields are searched, and its index and its vectors are of those."""
    corpus = store.create("A", PAGES)
    assert corpus.rank_fields == again(store).list()[0].rank_fields == ("title", "text")
    assert [hit.index for hit in corpus.keyword_index().search("password")] == [0]
    corpus.vectors("local-english")
    assert embedded == [["Reset your password\nOpen Settings.", "Your invoice\nRead it here."]]
    other = store.create("B", PAGES, rank_fields=("text", "tags"))
    assert again(store).open("B").rank_fields == ("text", "tags")
    assert [hit.index for hit in other.keyword_index().search("payment password")] == [1]
    assert list(other.texts()) == ["Open Settings.", "Read it here."]
    with pytest.raises(InvalidRequestError):
        store.create("C", PAGES, rank_fields="title")


def test_a_corpus_can_be_indexed_anew_without_its_files(store, embedded):
    """Until the new indexes are whole, searches find what they found; then the former ones are gone."""
    corpus = store.create("A", PAGES, rank_fields=["text"])
    before = corpus.keyword_index()
    corpus.vectors("local-english")
    files = {path.name for path in corpus.folder.iterdir()}
    told = []

    def stop(done, total):
        told.append((done, total))
        if len(told) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        corpus.index_anew(on_progress=stop)
    assert corpus.rank_fields == ("text",)
    assert corpus.keyword_index() is before
    assert corpus.missing_vectors("local-english") == 0
    assert not corpus.keyword_index().search("password")

    corpus.index_anew(on_progress=lambda *now: told.append(now))
    assert told[-1] == (1, 2)
    assert corpus.has_keyword_index()
    assert corpus.missing_vectors("local-english") == 0
    for one in (corpus, again(store).open("A")):
        assert one.rank_fields == ("title", "text")
        assert [hit.index for hit in one.keyword_index().search("password")] == [0]
        assert len(one.vectors("local-english")) == 2
    assert embedded[-1] == ["Reset your password\nOpen Settings.", "Your invoice\nRead it here."]
    assert len({path.name for path in corpus.folder.iterdir()}) == len(files)
    calls = len(embedded)
    corpus.index_anew()
    assert len(embedded) == calls
    assert list(corpus) == PAGES


def test_another_process_that_has_the_corpus_open_follows(store, embedded):
    """An index that is held in memory is not taken for one of the fields that are searched now."""
    corpus, other = store.create("A", PAGES, rank_fields=["text"]), again(store).open("A")
    assert not other.keyword_index().search("password")
    other.vectors("local-english")
    corpus.index_anew()
    assert [hit.index for hit in other.keyword_index().search("password")] == [0]
    assert len(other.vectors("local-english")) == 2
    corpus.add([Document("Pay it.", "c", {"title": "Late fees"})])
    assert [hit.index for hit in other.keyword_index().search("fees")] == [2]
    assert other.missing_vectors("local-english") == 1


def test_the_corpus_that_was_searched_last_is_known_until_it_is_gone(tmp_path):
    """For every store of this machine; a corpus that is deleted, or a file of nonsense, is none."""
    store = CorpusStore(tmp_path)
    assert store.last_used is None
    one = store.create("Help centre", ["a text"])
    store.remember(one.id)
    assert CorpusStore(tmp_path).last_used == one.id
    assert [each.name for each in store.list()] == ["Help centre"]
    store.remember(None)
    assert store.last_used is None
    store.remember(one.id)
    store.delete(one.id)
    assert store.last_used is None
    (tmp_path / "last-used").write_bytes(b"\xff/../..")
    assert store.last_used is None


def test_a_corpus_takes_the_place_of_another(tmp_path):
    """It has that one's id and name and its own passages; whoever opens the id finds it, and no third is left."""
    store = CorpusStore(tmp_path)
    old = store.create("Help centre", ["an old text"])
    list(old)  # it is open
    new = store.create("being made", ["a new text", "another"])
    taken = store.take_place(new.id, old.id)
    assert (taken.id, taken.name, [document.text for document in taken]) == (
        old.id,
        "Help centre",
        ["a new text", "another"],
    )
    for each in (store, CorpusStore(tmp_path)):
        assert [(one.id, one.name, one.passages) for one in each.list()] == [(old.id, "Help centre", 2)]
        assert each.open(old.id)[0].text == "a new text"
    assert [hit.index for hit in taken.keyword_index().search("another", 5)] == [1]


def test_what_is_kept_open_is_let_go_once_another_base_has_its_place(tmp_path):
    """A store that has read a base reads the one that another process put in its place, and misses one that is gone."""
    mine, others = CorpusStore(tmp_path), CorpusStore(tmp_path)
    corpus = mine.create("A", ["old"])
    assert corpus[0].text == "old"
    others.take_place(others.create("B", ["new", "more"]).id, corpus.id)
    assert [document.text for document in corpus] == ["new", "more"]
    assert corpus.keyword_index().search("more")[0].index == 1
    others.delete(corpus.id)
    with pytest.raises(CorpusError) as raised:
        corpus.get([0])
    assert raised.value.code == "corpus_not_found"


def test_threads_share_what_is_kept_open(tmp_path):
    """Many threads read one base at once, each what it asked for."""
    corpus = CorpusStore(tmp_path).create("A", [f"text {place}" for place in range(200)])
    with ThreadPoolExecutor(8) as pool:
        read = list(pool.map(lambda place: corpus[place].text, list(range(200)) * 3))
    assert read == [f"text {place}" for place in range(200)] * 3


def test_a_folder_that_goes_while_it_is_measured_counts_nothing(tmp_path, monkeypatch):
    """A knowledge base that another thread finishes or deletes just then is no error of the list."""
    inside = tmp_path / "corpus" / "keyword"
    inside.mkdir(parents=True)
    (inside / "index").write_bytes(b"1234")
    (tmp_path / "corpus" / "passages").write_bytes(b"12")
    assert size_of(tmp_path / "corpus") == 6
    looked = os.scandir

    def gone(path):
        if str(path) == str(inside):
            shutil.rmtree(inside)
        return looked(path)

    monkeypatch.setattr(os, "scandir", gone)
    assert size_of(tmp_path / "corpus") == 2
