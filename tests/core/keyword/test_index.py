"""The keyword index against a slow computation by hand, and in languages that bend, join or do not space words."""

from __future__ import annotations

import contextlib
import math
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rerank_core.errors import ConfigurationError, InvalidDocumentsError, InvalidQueryError, InvalidRequestError
from rerank_core.keyword import best, counting, numbering
from rerank_core.keyword import index as keyword_index
from rerank_core.keyword.stored import StoredPostings
from rerank_core.keyword.words import beginnings_of, normalise, pieces_of, words
from rerank_core.models import Document
from rerank_core.retrieval import KeywordIndex

WORDS = st.sampled_from(
    ["reset", "password", "passwords", "Straße", "strasse", "東京", "東京都", "naïve", "a", "b4", "c", "404"]
)
PARTED = ["wi", "fi", "state", "12abcd", "x1", "-", "--", " ", " ", "_", ".net", "c++", "c#", "é", "(", "\n", "\u2011"]
TEXTS = st.lists(WORDS, max_size=8).map(" ".join)


def brute_force(texts: list[str], query: str, parts) -> list[float]:
    """BM25 as the formula says, one document and one token at a time, for words that are written in one way only."""
    counted = [Counter(token for word in words(text) for token in (word, *parts(word))) for text in texts]
    mean = sum(sum(count.values()) for count in counted) / len(texts)
    scores = []
    for count in counted:
        score = 0.0
        for token in {token for word in words(query) for token in (word, *parts(word))}:
            holding = sum(token in other for other in counted)
            rarity = math.log(1 + (len(texts) - holding + 0.5) / (holding + 0.5))
            if token in count:
                score += rarity * count[token] / (count[token] + 1.5 * (0.25 + 0.75 * sum(count.values()) / mean))
        scores.append(score)
    return scores


@settings(max_examples=60, deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=8), TEXTS, st.integers(1, 9))
def test_scores_are_bm25(texts, query, k):
    """Hits are those with a score above 0 by the formula, best first, equal ones in input order, at most k."""
    for parts, limit in ((pieces_of, 20_000), (beginnings_of, 0)):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(keyword_index, "PIECES_UP_TO", limit)
            hits = KeywordIndex.build(texts).search(query, k=k)
        expected = brute_force(texts, query, parts)
        assert len(hits) == min(k, sum(score > 1e-12 for score in expected))
        for hit in hits:
            assert hit.score == pytest.approx(expected[hit.index], rel=1e-5)
        best = sorted(expected, reverse=True)[: len(hits)]
        assert [hit.score for hit in hits] == pytest.approx(best, rel=1e-5)
        assert [(-hit.score, hit.index) for hit in hits] == sorted((-hit.score, hit.index) for hit in hits)


def test_collections_are_worked_on_piece_by_piece(monkeypatch):
    """An index built a few words at a time is the one that is built at once."""
    texts = [" ".join(["alpha", "beta", "gamma", "alphabet", "gamma"][start:]) for start in range(5)] * 9
    whole = KeywordIndex.build(texts).search("alphabets gamma", k=50)
    for at_once in (1, 7, 50):
        monkeypatch.setattr(counting, "_AT_ONCE", at_once)
        assert KeywordIndex.build(texts).search("alphabets gamma", k=50) == whole


def test_a_word_that_comes_very_often_is_counted_right():
    """Counts of any size stand beside token and document in one number without touching them."""
    texts = ["word " * 70_000 + "other", "word other", "other"]
    expected = brute_force(texts, "word other", pieces_of)
    hits = KeywordIndex.build(texts).search("word other")
    assert {hit.index: pytest.approx(hit.score, rel=1e-5) for hit in hits} == dict(enumerate(expected))


def test_a_word_of_a_hundred_thousand_letters_is_indexed():
    """A text without a space is one word with as many pieces as it has letters, and is found by any of them."""
    index = KeywordIndex.build(["abcd" * 25_000, "efgh"])
    assert [hit.index for hit in index.search("dabc")] == [0]


def test_only_the_documents_that_can_still_win_are_looked_up():
    """The best documents are the same whether common words are added up for all documents or for few of them."""
    draw = np.random.default_rng(5)
    names = np.array([f"{first}{second}" for first in "bdfgklmn" for second in ("ar", "elo", "ivers", "ondo", "u")])
    common = 1 / np.arange(1, len(names) + 1) ** 1.3
    texts = [" ".join(names[draw.choice(len(names), 12, p=common / common.sum())]) for _ in range(4000)]
    texts += ["rare wi-fi bar", "rare wifi delo bar", texts[0], texts[0]]
    index = KeywordIndex.build(texts)
    looked_up, add_to = [], StoredPostings.add_to

    def spied(*args):
        looked_up.append(args)
        add_to(*args)

    for query in ("nu niver bar", "rare bar delo", "wi fi bar nondo", texts[0], "bar"):
        every = {hit.index: hit.score for hit in index.search(query, k=len(texts))}
        expected = sorted(every.items(), key=lambda item: (-item[1], item[0]))
        for k in (1, 3, 10):
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(best, "_LONG", len(texts))
                patch.setattr(best, "_MANY", 0)
                patch.setattr(best, "_FEW", 2)
                patch.setattr(StoredPostings, "add_to", spied)
                hits = index.search(query, k=k)
            assert [hit.score for hit in hits] == pytest.approx([score for _, score in expected[:k]], rel=1e-5)
            assert all(hit.score == pytest.approx(every[hit.index], rel=1e-5) for hit in hits)
    assert len(looked_up) > 5


def test_documents_far_apart_are_found(tmp_path):
    """A gap of more than 65,536 documents between two that share a word hides neither, on disk too."""
    texts = ["x"] * 70_003
    texts[1] = texts[69_999] = "lonely x"
    texts[70_001] = "further"
    KeywordIndex.build(texts).save(tmp_path)
    index = KeywordIndex.load(tmp_path)
    assert [hit.index for hit in index.search("lonely")] == [1, 69_999]
    assert [hit.index for hit in index.search("further x", k=2)] == [70_001, 0]


def test_equal_documents_come_in_input_order():
    """Ties keep the order of the input, at the edge of k too."""
    hits = KeywordIndex.build(["no", *["same words"] * 30]).search("same words", k=10)
    assert [hit.index for hit in hits] == list(range(1, 11))


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("STRASSE", "die Straße"),
        ("uber", "Über uns"),
        ("ΑΘΗΝΑ", "αθήνα"),
        ("ｗｉｆｉ ①", "wifi 1"),
        ("東京都", "私は東京に住んでいます"),
        ("カメラ", "デジタルカメラの設定"),
        ("ภาษาไทย", "เรียนภาษาไทย"),
        ("हिन्दी", "मैं हिन्दी बोलता हूँ"),
        ("مرحبا", "مرحبا بالعالم"),
        ("비밀번호", "비밀번호를 재설정"),
        ("resetting passwords", "password reset"),
        ("Rücksendungen", "Rücksendung"),
        ("E-104", "Fehler E-104 beim Start"),
        ("pasword", "password"),
        ("Passwort", "Das Pass\u00adwort"),
        ("كلمة المرور", "كَلِمَة المُرُور"),
        ("wifi", "Wi-Fi"),
        ("Wi-Fi", "wifi"),
        ("AB1234XL", "AB-1234-XL"),
        (".NET", "C# and .NET"),
    ],
)
def test_a_query_finds_its_word_in_another_form(query, text):
    """Case, accents, width, inflection, a typing error and scripts without spaces do not hide a document."""
    hits = KeywordIndex.build(["something else entirely", text, "nothing"]).search(query)
    assert hits
    assert hits[0].index == 1


def test_words_of_every_script():
    """Vowel signs stay in their word, apostrophes and hyphens part words, pairs stand in for unspaced words."""
    assert words("हिन्दी में। Größe don't C++ x日本語y あ 3.14 snake_case") == (
        ["हिन्दी", "में", "grosse", "don", "t", "c", "x", "日本", "本語", "y", "あ", "3", "14", "snake_case", "c＋＋"]
    )
    assert words("🎉 … \x00 \ud800 ---") == []
    assert words("") == []


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=40))
def test_any_text_makes_words_that_are_stable(text):
    """Whatever the text, its words are not empty, and folding what is folded changes nothing."""
    assert all(word and not word.isspace() for word in words(text))
    assert normalise(normalise(text)) == normalise(text)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.text(alphabet="abXYZ_09 .,-+#(\n\x00éß東한\u0301\u00ad\u2011\ud800🎉", max_size=24)
        | st.lists(st.sampled_from(PARTED), max_size=12).map("".join),
        max_size=12,
    ),
    st.integers(1, 60),
    st.sampled_from([1, 10**9]),
)
def test_numbers_stand_for_words(texts, at_once, few):
    """Numbering finds in each text the words that `words` finds, however few texts are taken at once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(numbering, "_CHARACTERS_AT_ONCE", at_once)
        patch.setattr(numbering, "_FEW", few)
        patch.setattr(numbering, "_KEPT", 2)
        vocabulary, occurrences, lengths = numbering.number_words(texts)
    assert len(set(vocabulary)) == len(vocabulary)
    assert set(occurrences.tolist()) == set(range(len(vocabulary)))
    ends = np.cumsum(lengths).tolist()
    found = [[vocabulary[n] for n in occurrences[end - size : end]] for end, size in zip(ends, lengths, strict=True)]
    assert [Counter(one) for one in found] == [Counter(words(text)) for text in texts]


def test_parts_never_pass_for_words():
    """A piece of one word is another token than a whole word that is spelt the same."""
    index = KeywordIndex.build(["passport", "pass"])
    scores = {hit.index: hit.score for hit in index.search("pass")}
    assert scores[1] > 2 * scores[0]
    assert not set(pieces_of("password")) & {"pass", "word"}
    assert beginnings_of("word") == ["~word", "~~word"]


def test_inputs_of_every_kind():
    """Strings, objects and Documents are all indexed; anything else is refused with its place."""
    index = KeywordIndex.build(["apple", {"text": "apple pie", "id": 9}, Document("apple tart")])
    assert len(index) == 3
    assert {hit.index for hit in index.search("apple")} == {0, 1, 2}
    with pytest.raises(InvalidDocumentsError, match="2"):
        KeywordIndex.build(["fine", 7])


@pytest.mark.parametrize("texts", [[], ["", " "], ["\x00", "🎉"]])
def test_nothing_to_find(texts):
    """An empty collection, or one without words, finds nothing and does not fail."""
    assert KeywordIndex.build(texts).search("anything") == []


@pytest.mark.parametrize("query", ["", "🎉 …", "unheard"])
def test_a_query_that_matches_nothing(query):
    """A query without words or with none that occur has no hits."""
    assert KeywordIndex.build(["some text"]).search(query) == []


@pytest.mark.parametrize("k", [0, -1, 1.5, None, "3", True, float("nan")])
def test_a_k_that_is_no_number_of_hits_is_refused(k):
    """Anything but a whole number of 1 or more is the caller's mistake and is said as such."""
    with pytest.raises(InvalidRequestError, match=r"^k is ") as info:
        KeywordIndex.build(["a"]).search("a", k=k)
    assert info.value.hint == "Use 1 or more."


@pytest.mark.parametrize("query", [None, 5, b"a", ["a"]])
def test_a_query_that_is_no_string_is_refused(query):
    """It is an InvalidQueryError with its sentence, as everywhere else."""
    with pytest.raises(InvalidQueryError, match="not a string"):
        KeywordIndex.build(["a"]).search(query)


def test_a_k_from_an_array_is_a_number():
    """Whole numbers of numpy are whole numbers."""
    assert len(KeywordIndex.build(["a b", "a c"]).search("a", k=np.int64(1))) == 1


def test_a_saved_index_answers_the_same(tmp_path):
    """What is loaded from disk finds what the index in memory found, in a folder that is reused."""
    index = KeywordIndex.build(["Größe der Straße", "東京", "straight"])
    KeywordIndex.build(["older"] * 9).save(tmp_path / "corpus")
    index.save(tmp_path / "corpus")
    loaded = KeywordIndex.load(tmp_path / "corpus")
    assert len(loaded) == 3
    for query in ("strasse", "東京", "nothing"):
        assert loaded.search(query) == index.search(query)


def test_an_empty_index_can_be_saved(tmp_path):
    """A collection without words comes back as one."""
    KeywordIndex.build([]).save(tmp_path)
    assert KeywordIndex.load(tmp_path).search("anything") == []


@pytest.mark.parametrize(
    "harm",
    ["missing", "text", "nested", "format", "size", "cut", "mixed", "type", "numbers", "archive", "header"],
)
def test_a_broken_index_says_so(tmp_path, harm):
    """A folder that holds no index, a damaged one or one of another format is a ConfigurationError with a hint."""
    KeywordIndex.build(["one", "two words"]).save(tmp_path)
    head, array = tmp_path / "index.json", tmp_path / "damping.npy"
    if harm == "missing":
        head.unlink()
    elif harm == "text":
        head.write_text("not json")
    elif harm == "nested":
        head.write_text("[" * 100_000)
    elif harm == "size":
        head.write_text(head.read_text().replace('"size": 2', '"size": 2.0'))
    elif harm == "archive":
        np.savez(tmp_path / "many.npz", np.load(array))
        (tmp_path / "many.npz").replace(array)
    elif harm == "header":
        array.write_bytes(array.read_bytes().replace(b"'descr'", b"(descr'"))
    elif harm == "format":
        head.write_text(head.read_text().replace(f'"format": {keyword_index.FORMAT}', '"format": 1'))
    elif harm == "cut":
        array.write_bytes(array.read_bytes()[:-5])
    elif harm == "type":
        np.save(array, np.load(array).astype(np.float64))
    elif harm == "numbers":
        np.save(array, np.load(array) * np.float32(np.nan))
    else:
        KeywordIndex.build(["other"]).save(tmp_path / "other")
        (tmp_path / "other" / "frequencies.npy").replace(tmp_path / "frequencies.npy")
    with pytest.raises(ConfigurationError, match="keyword index") as raised:
        KeywordIndex.load(tmp_path)
    assert "Build it again" in raised.value.hint


@pytest.mark.parametrize("name", ["frequencies", "gaps_at", "counts_at", "gaps"])
def test_damage_inside_of_an_index_is_found_by_the_search_that_meets_it(tmp_path, name):
    """Numbers that lead out of the files or the documents are a ConfigurationError; the index knows it."""
    KeywordIndex.build(["one", "two words", "one three", "four", "five", "six", "one seven"] * 3).save(tmp_path)
    array = np.load(tmp_path / f"{name}.npy")
    for wrong in (np.iinfo(array.dtype).max, np.array(-9).astype(array.dtype)):
        np.save(tmp_path / f"{name}.npy", np.full_like(array, wrong))
        index = KeywordIndex.load(tmp_path)
        with pytest.raises(ConfigurationError, match="damaged") as raised:
            index.search("two")
        assert "Build it again" in raised.value.hint
        assert index.damaged


@pytest.mark.parametrize("seed", range(12))
def test_any_changed_number_gives_hits_or_a_sentence(tmp_path, seed):
    """Whatever is changed in an index, a search gives places that there are, or a ConfigurationError."""
    texts = [f"word{place % 7} common {'often ' * 300 if place == 3 else ''}x{place}" for place in range(40)]
    KeywordIndex.build(texts).save(tmp_path)
    choose = np.random.default_rng(seed)
    for path in sorted(tmp_path.glob("*.npy")):
        kept = path.read_bytes()
        for _ in range(4):
            array = np.load(path)
            array.view(np.uint8)[choose.integers(array.nbytes)] = choose.integers(256)
            np.save(path, array)
            with contextlib.suppress(ConfigurationError):
                hits = KeywordIndex.load(tmp_path).search("common word3 often x9 wor d3", k=9)
                assert all(0 <= hit.index < len(texts) for hit in hits)
            path.write_bytes(kept)


def test_the_index_needs_no_heavy_import():
    """Building an index loads numpy and neither a model runtime nor another search library."""
    code = (
        "import sys; from rerank_core.retrieval import KeywordIndex; KeywordIndex.build(['a']);"
        "print(sorted({'onnxruntime', 'tokenizers', 'bm25s', 'scipy', 'pandas'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_folder_may_be_named_by_a_string(tmp_path):
    """As with every other path in Python."""
    KeywordIndex.build(["one two"]).save(str(tmp_path / "kb"))
    assert len(KeywordIndex.load(str(tmp_path / "kb")).search("two")) == 1


@pytest.mark.parametrize("wrong", [None, 7, "text", {"text": "a"}, [None]], ids=repr)
def test_what_is_no_list_of_documents_is_refused(wrong):
    """Each is an InvalidDocumentsError, as everywhere else."""
    with pytest.raises(InvalidDocumentsError):
        KeywordIndex.build(wrong)


def test_progress_is_heard_to_the_end_and_can_stop_the_work(monkeypatch):
    """Every stage of building asks whether to go on, also after the last document was cut into words."""
    monkeypatch.setattr(counting, "_AT_ONCE", 4)
    texts, heard = ["alpha beta", "beta gamma", "gamma delta"] * 4, []
    KeywordIndex.build(texts, on_progress=lambda *told: heard.append(told))
    assert heard[0] == (0, 12)
    ends = heard.count((12, 12))
    assert ends > 6
    for stop in range(1, ends + 1):
        told = []

        def tell(*now, told=told, stop=stop):
            told.append(now)
            if told.count((12, 12)) == stop:
                raise InterruptedError

        with pytest.raises(InterruptedError):
            KeywordIndex.build(texts, on_progress=tell)


@pytest.mark.parametrize("limit", ["MAX_WORDS", "MAX_COUNTS"])
def test_more_than_an_index_takes_is_a_sentence(monkeypatch, limit):
    """What would need more memory than a laptop has is refused before it is taken, with what to do instead."""
    monkeypatch.setattr(f"rerank_core.keyword.counting.{limit}", 3)
    with pytest.raises(InvalidDocumentsError, match="more text than a keyword index") as refused:
        KeywordIndex.build(["one two three four five"])
    assert "OpenSearch" in str(refused.value.hint)
