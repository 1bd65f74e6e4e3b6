"""A knowledge base outside of this computer does what one of this computer does: the same body for each home."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rerank_core import Document, RerankError, samples
from rerank_core.corpora import Added, CorpusError, CorpusStore, KnowledgeBases
from rerank_core.corpora.homes.corpus import HomeCorpus
from rerank_core.corpora.homes.home import Home
from rerank_core.jobs import Cancelled
from rerank_core.retrieval.first_stage import FirstStage
from rerank_core.storage.ownership import NOT_SHARED, NOT_YOURS, Actor

TEXTS = ["Reset your password", "Read an invoice", "Close your account", "Change the password of the router"]
MODEL = "local-english"
texts = st.text(st.characters(), max_size=40)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
documents = st.builds(Document, texts, st.none() | texts, st.dictionaries(texts, values, max_size=3))


def made(bases: KnowledgeBases, home: Home, passages=TEXTS, name: str = "Help centre") -> HomeCorpus:
    """A knowledge base in the home."""
    base = bases.create(name, passages, home=home.id)
    assert isinstance(base, HomeCorpus)
    return base


def test_what_was_made_is_found_and_searched(bases, home):
    """It is there for another start of the app, by its name in any case, with its order, ids, metadata and search."""
    made(bases, home, [{"text": text, "id": n, "url": f"https://x.test/{n}"} for n, text in enumerate(TEXTS)])
    base = KnowledgeBases(bases.here, [home]).open("help CENTRE")
    assert [document.text for document in base] == TEXTS
    assert base[3] == Document(TEXTS[3], "3", {"url": "https://x.test/3"})
    assert [hit.index for hit in base.keyword_index().search("router password")] == [3, 0]
    with pytest.raises(IndexError):
        base.get([4])


@pytest.mark.slow
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(some=st.lists(documents, min_size=1, max_size=5))
def test_any_passage_comes_back_as_it_was(bases, home, some):
    """Whatever a text, an id or metadata holds, single halves of surrogate pairs and NULs included, is read back, as
    a corpus of this computer gives it."""
    base = made(bases, home, some)
    here = bases.create("Here", some)
    try:
        assert list(base) == list(here)
    finally:
        bases.delete(base.id)
        bases.delete(here.id)


def test_the_list_holds_both(bases, home):
    """A list has the knowledge bases of this computer and of the home, the newest first, with where each is kept."""
    bases.create("Here", TEXTS)
    made(bases, home, [Document(f"part {n}", metadata={"document_id": f"d{n // 2}"}) for n in range(5)], "There")
    there, here = bases.list()
    assert (there.name, there.passages, there.documents, there.home) == ("There", 5, 3, home.label)
    assert (here.name, here.passages, here.documents, here.home) == ("Here", 4, 4, "")
    assert there.size > 0


def test_an_addition_leaves_out_what_is_there(bases, home):
    """The same passages added twice are there once, unless somebody asks for them; documents are counted once."""
    base = made(bases, home)
    assert base.add([TEXTS[0], "A new one"]) == Added(1, 1)
    assert base.add([TEXTS[0], TEXTS[0]], skip_known=False) == Added(2, 0)
    base.add([Document(f"a{n}", metadata={"document_id": n % 3}) for n in range(700)])
    base.add([Document(f"b{n}", metadata={"document_id": n % 4}) for n in range(8)])
    assert base.facts()[2:4] == (4 + 1 + 2 + 700 + 8, 4 + 1 + 2 + 4)
    assert base[6].text == TEXTS[0]


def test_neighbours_are_of_the_same_document(bases, home):
    """What surrounds a passage, and all of a document, are passages that were cut from it."""
    base = made(bases, home, [Document(f"{n}", metadata={"document_id": "a" if n < 4 else "b"}) for n in range(8)])
    assert [place for place, _ in base.surroundings(3)] == [1, 2, 3]
    assert [place for place, _ in base.surroundings(4, 1)] == [4, 5]
    assert [place for place, _ in base.passages_of("b")] == [4, 5, 6, 7]
    assert base.passages_of("c") == []
    with pytest.raises(IndexError):
        base.surroundings(8)


def test_a_fill_that_is_cancelled_leaves_nothing(bases, home):
    """Cancelled in the middle of a new one, there is none; in the middle of an addition, it is as it was."""

    def some():
        for n in range(1200):
            if n == 1100:
                raise Cancelled
            yield Document(f"zebra {n}")

    with pytest.raises(Cancelled):
        made(bases, home, some())
    assert bases.list() == ()
    base = made(bases, home)
    with pytest.raises(Cancelled):
        base.add(some())
    assert len(base) == 4
    assert base.keyword_index().search("zebra") == []
    assert base.add(["Another zebra"]).added == 1
    assert [hit.index for hit in base.keyword_index().search("zebra")] == [4]


def test_what_is_half_filled_is_not_found(bases, home):
    """While passages are being added, a search finds those of before."""
    base = made(bases, home)
    seen = []

    def some():
        for n in range(900):
            yield Document(f"password {n}")
            if n == 880:
                seen.extend(hit.index for hit in base.keyword_index().search("password"))

    base.add(some())
    assert sorted(seen) == [0, 3]
    assert len(base.keyword_index().search("password", 2000)) == 902


def test_two_programs_do_not_fill_at_once(bases, home):
    """Whoever adds to what is just being filled is told so, and the first addition is whole."""
    base = made(bases, home)

    def some():
        yield Document("one")
        with pytest.raises(CorpusError) as caught:
            base.add(["two"])
        assert caught.value.code == "corpus_busy"
        assert caught.value.retryable

    base.add(some())
    assert [document.text for document in base][4:] == ["one"]


def test_nothing_to_keep_and_names_that_are_taken(bases, home):
    """An empty one, and a name of this computer or of the home, are refused in a sentence."""
    with pytest.raises(CorpusError, match="no passages"):
        made(bases, home, [])
    assert home.leftovers() == []
    made(bases, home)
    bases.create("Here", TEXTS)
    for name, where in (("HELP centre", ""), ("here", home.id), ("help centre", home.id)):
        with pytest.raises(CorpusError) as caught:
            bases.create(name, TEXTS, home=where)
        assert caught.value.code == "corpus_exists"


def test_it_is_renamed_and_deleted(bases, home):
    """A new name is found, a deleted one is not, and everything of it is gone from the home."""
    base = made(bases, home)
    bases.rename(base.id, "Handbook")
    assert bases.open("handbook").id == base.id
    bases.delete(base.id)
    assert home.entries() == []
    for gone in (base.facts, lambda: list(base), lambda: bases.open("handbook"), lambda: base.add(["x"])):
        with pytest.raises(CorpusError) as caught:
            gone()
        assert caught.value.code == "corpus_not_found"


def test_owners_keep_theirs_to_themselves(bases, home):
    """Who it belongs to is kept with it: another finds it only when it is shared, and never changes it."""
    ann, ben, operator = (bases.acting_for(Actor(name, name == "op")) for name in ("ann", "ben", "op"))
    base = made(ann, home)
    assert ben.list() == ()
    with pytest.raises(CorpusError) as caught:
        ben.open(base.id)
    assert caught.value.code == NOT_SHARED
    ann.share(base.id)
    assert [each.id for each in ben.list()] == [base.id]
    theirs = ben.open(base.id)
    for change in (
        lambda: theirs.add(["x"]),
        lambda: ben.delete(base.id),
        lambda: ben.rename(base.id, "y"),
        lambda: ben.move(base.id, ""),
        lambda: theirs.index_anew(("text",)),
    ):
        with pytest.raises(CorpusError) as caught:
            change()
        assert caught.value.code == NOT_YOURS
    assert operator.open(base.id).facts().ownership == ("ann", True, False)
    operator.delete(base.id)
    assert ann.list() == ()


def test_the_most_of_one_owner_counts_all_homes(home, tmp_path):
    """Knowledge bases count towards the most of one owner wherever they are, and bytes do outside of this one."""
    bases = KnowledgeBases(CorpusStore(tmp_path, most=2, most_bytes=10_000_000), [home])
    bases.create("Here", TEXTS)
    base = made(bases, home)
    for where in ("", home.id):
        with pytest.raises(CorpusError) as caught:
            bases.create("More", TEXTS, home=where)
        assert caught.value.code == "too_many_kept"
    small = KnowledgeBases(CorpusStore(tmp_path, most_bytes=50), [home])
    with pytest.raises(CorpusError) as caught:
        small.open(base.id).add(["x"])
    assert caught.value.code == "too_many_kept"


def test_one_takes_the_place_of_another(bases, home):
    """It has that one's id and name from then on, and its own passages; searches find those and no others."""
    old = made(bases, home)
    new = bases.create("Another", ["A new passage", "and one more"], instead_of=old.id)
    taken = bases.take_place(new.id, old.id)
    assert (taken.id, taken.name) == (old.id, "Help centre")
    assert [document.text for document in bases.open(old.id)] == ["A new passage", "and one more"]
    assert [hit.index for hit in taken.keyword_index().search("new password")] == [0]
    assert [each.id for each in bases.list()] == [old.id]


def test_other_fields_are_searched_when_it_is_indexed_anew(bases, home, embedded):
    """Titles are found once it was indexed with them, and vectors are made of them where some were made before."""
    some = [Document("a text", metadata={"title": "Router"}), Document("another", metadata={"title": "Invoice"})]
    base = bases.create("Titles", some, rank_fields=("text",), home=home.id)
    base.vectors(MODEL)
    assert base.keyword_index().search("router") == []
    told = []
    base.index_anew(("title", "text"), lambda done, total: told.append((done, total)))
    assert base.rank_fields == ("title", "text")
    assert [hit.index for hit in base.keyword_index().search("router")] == [0]
    assert told[-1] == (2, 2)
    assert base.missing_vectors(MODEL) == 0
    assert len(home.entry(base.id).vectors) == 1
    assert len(embedded) == 2


def test_vectors_are_made_once_and_found(bases, home, embedded):
    """The nearest passages are those that a corpus of this computer finds, with the same cosines; passages that are
    added later are all that is embedded then."""
    some = ["one, two", "three", " ", "four, five", "six"]
    here, base = bases.create("Here", some), made(bases, home, some)
    query = np.array([0.6, 0.8], np.float32)
    expected = here.vectors(MODEL).search(query, 3)
    found = base.vectors(MODEL).search(query, 3)
    assert [place for place, _ in found] == [place for place, _ in expected]
    assert [cosine for _, cosine in found] == pytest.approx([cosine for _, cosine in expected], abs=1e-6)
    assert base.missing_vectors(MODEL) == 0
    np.testing.assert_array_equal(base.vectors(MODEL).vectors.rows, here.vectors(MODEL).vectors.rows)
    embedded.clear()
    base.add(["seven"])
    assert base.missing_vectors(MODEL) == 1
    assert base.vectors(MODEL).search(query, 10)
    assert embedded == [["seven"]]


def test_vectors_that_were_made_before_a_cancel_stay(bases, home, embedded):
    """What a cancelled making has made is not made again."""
    base = made(bases, home, [f"text {n}" for n in range(300)])

    def stop(done, total):
        if done > 260:
            raise Cancelled

    with pytest.raises(Cancelled):
        base.vectors(MODEL, stop)
    assert base.missing_vectors(MODEL) == 300 - 256
    embedded.clear()
    base.vectors(MODEL)
    assert [len(call) for call in embedded] == [300 - 256]


def test_the_first_stage_finds_what_it_finds_here(bases, home):
    """On the sample knowledge base the first result of every example ticket by keyword is that of this computer in
    most cases, and always among its first ten."""
    some = samples.knowledge_base()
    here, base = FirstStage(bases.create("Here", some)), FirstStage(made(bases, home, some))
    assert base.missing() == 0
    same = 0
    for ticket in samples.TICKETS:
        expected = [candidate.index for candidate in here.search(ticket.text, 10).candidates]
        found = base.search(ticket.text, 10)
        assert found.candidates[0].index in expected
        assert found.searched == len(some)
        same += found.candidates[0].index == expected[0]
    assert same * 3 >= len(samples.TICKETS) * 2


def test_a_long_question_is_cut_by_what_is_rare_there(bases, home):
    """A question that is too long keeps the sentence whose words are rare in the knowledge base, as it does here."""
    some = [f"the printer prints page {n}" for n in range(50)] + ["a gasket leaks oil"]
    question = "The printer prints a page. " * 30 + "The gasket leaks oil. " + "The printer prints the page. " * 30
    here, base = FirstStage(bases.create("Here", some)), FirstStage(made(bases, home, some))
    expected, found = (stage.search(question, 5, limit=20) for stage in (here, base))
    assert "gasket" in found.query
    assert found.query == expected.query


def test_words_that_are_written_otherwise_are_found(bases, home):
    """Case, accents, hyphens and beginnings of words are folded as on this computer; what a query language would read
    as its own is only text."""
    base = made(bases, home, ["Wi-Fi für Gäste", "Passwörter zurücksetzen", "c++ compilers", "x" * 5000])
    for question, place in (("wifi", 0), ("GASTE", 0), ("passworte", 1), ("c++", 2), ("x" * 5000, 3)):
        assert [hit.index for hit in base.keyword_index().search(question)][:1] == [place], question
    for question in ("' OR 1=1 --", "!&|():*<->", '"', "\\", "a\0b", "{{query}}", " "):
        base.keyword_index().search(question)


@pytest.mark.slow
@pytest.mark.parametrize("vectors", [True, False])
def test_it_moves_there_and_back(bases, home, embedded, vectors):
    """Moved to the home and back it has its id, name, owner, creation time, every passage and every vector; it is in
    one place at a time."""
    ann = bases.acting_for(Actor("ann"))
    some = [Document(f"text, {n}", f"i{n}", {"document_id": f"d{n // 3}", "title": "T"}) for n in range(1100)]
    first = ann.create("Moving", [*some, Document("\ud800 half", None, {"a": [1, {"b": None}]})])
    ann.share(first.id)
    if vectors:
        first.vectors(MODEL)
    facts, whole = first.facts(), list(first)
    told = []
    there = ann.move(first.id, home.id, lambda *standing: told.append(standing))
    assert ann.home_of(there) == home.id
    assert ann.here.list() == ()
    assert (there.id, there.facts(), list(there)) == (first.id, facts, whole)
    assert {what for what, _, _ in told} >= {"Copying", "Comparing"}
    assert all(0 <= done <= total for _, done, total in told)
    embedded.clear()
    assert there.missing_vectors(MODEL) == (0 if vectors else 1101)
    back = ann.move(first.id, "")
    assert home.entries() == []
    assert (back.id, back.facts(), list(back)) == (first.id, facts, whole)
    assert back.missing_vectors(MODEL) == (0 if vectors else 1101)
    if vectors:
        back.vectors(MODEL)
        assert embedded == []
    assert back.keyword_index().search("text")


def test_a_move_that_is_cancelled_changes_nothing(bases, home):
    """Cancelled at any stage, the knowledge base is where it was and nowhere else."""
    base = bases.create("Stays", [f"text {n}" for n in range(40)])
    for stage in ("Copying", "Comparing"):

        def stop(what, done, total, stage=stage):
            if what == stage:
                raise Cancelled

        with pytest.raises(Cancelled):
            bases.move(base.id, home.id, stop)
        assert home.entries() == []
        assert len(bases.open(base.id)) == 40
        moved = bases.move(base.id, home.id)
        with pytest.raises(Cancelled):
            bases.move(base.id, "", stop)
        assert bases.here.list() == ()
        assert len(moved) == 40
        bases.move(base.id, "")


def test_what_is_changed_while_it_moves_is_not_lost(bases, home):
    """A passage that is added meanwhile stays, and whoever moves is told to move again."""
    base = bases.create("Busy", [f"text {n}" for n in range(40)])

    def add(what, done, total):
        if what == "Comparing":
            bases.open(base.id).add([f"added {done}"])

    with pytest.raises(CorpusError, match="was changed while it was moved"):
        bases.move(base.id, home.id, add)
    assert len(bases.open(base.id)) == 41
    assert home.entries() == []
    assert len(bases.move(base.id, home.id)) == 41


def test_a_copy_that_differs_is_refused(bases, home, monkeypatch):
    """Where a passage does not arrive as it was, nothing is deleted, and the copy is gone."""
    base = bases.create("Whole", TEXTS)
    read = type(home).read

    def other(self, base, places):
        return [
            Document("other") if place == 2 else document
            for place, document in zip(places, read(self, base, places), strict=True)
        ]

    monkeypatch.setattr(type(home), "read", other)
    with pytest.raises(CorpusError) as caught:
        bases.move(base.id, home.id)
    assert caught.value.code == "move_differs"
    monkeypatch.undo()
    assert [document.text for document in bases.open(base.id)] == TEXTS
    assert home.entries() == []


def test_a_move_that_died_at_its_end_leaves_one(bases, home):
    """Killed between the last two steps, it is listed once, and deleted everywhere."""
    base = bases.create("Twice", TEXTS)
    bases.here.delete, kept = (lambda name: None), bases.here.delete  # type: ignore[method-assign]
    bases.move(base.id, home.id)
    bases.here.delete = kept  # type: ignore[method-assign]
    assert [each.id for each in bases.list()] == [base.id]
    bases.delete(base.id)
    assert bases.list() == ()


def test_who_asks_last_comes_back_to_it(bases, home):
    """The last one that was searched is remembered wherever it is kept, until it is deleted."""
    base = made(bases, home)
    bases.remember(base.id)
    assert bases.last_used == base.id
    bases.delete(base.id)
    assert bases.last_used is None


def test_a_home_that_cannot_be_used_is_said(bases, home):
    """A place that nobody named is refused in a sentence."""
    with pytest.raises(CorpusError, match="No place called 'moon'"):
        bases.create("A", TEXTS, home="moon")
    home.close()
    with pytest.raises(RerankError) as caught:
        made(bases, home)
    assert caught.value.message.endswith(".")
    assert caught.value.hint
