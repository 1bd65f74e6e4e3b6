"""Duplicates: the two measures, the groups, and the files to take away."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rerank_core import Document, InvalidDocumentsError, InvalidQueryError, TooManyDocumentsError, offline, samples
from rerank_core.duplicates import (
    MAX_IN_WORDING,
    MAX_TEXTS,
    MEANING,
    WORDING,
    candidates,
    check_all_pairs,
    compare,
    compared_csv,
    compared_json,
    find_duplicates,
    groups_csv,
    groups_json,
    scale,
    wording_pairs,
)
from rerank_core.duplicates.grouping import link, link_pairs
from rerank_core.duplicates.meaning import alike, alike_with, vectors_at
from rerank_core.duplicates.wording import shared_wording, shared_wording_with
from rerank_core.duplicates.wording_pairs import like_pairs
from rerank_core.errors import ModelNotFoundError
from rerank_core.keyword.words import normalise
from rerank_core.models import RankedDocument, RerankRequest, RerankResponse
from rerank_core.offline.models import ENGLISH, KEYWORD, MULTILINGUAL
from rerank_core.offline.turns import PROCESSORS
from rerank_core.rank_fields import TEXT_ONLY, ranked_text
from rerank_core.retrieval.embedding import Vectors
from rerank_core.retrieval.passages import PassageList

ARTICLES = samples.knowledge_base()
PLACES = {article.id: place for place, article in enumerate(ARTICLES)}

texts = st.text(st.sampled_from("abcd é\nß日本\0\ud800"), max_size=12)
lists_of_texts = st.lists(texts, max_size=9)


class Stop(Exception):
    """Raised by a test from inside some work."""


def stop(*_: object) -> None:
    """Stop whatever reports."""
    raise Stop


def runs(text: str) -> set[str]:
    """The runs of four characters, in plain Python."""
    folded = " ".join(normalise(text).split())
    return {folded[place : place + 4] for place in range(max(1, len(folded) - 3))} if folded else set()


def jaccard(one: str, other: str) -> float:
    """The index in plain Python."""
    both, either = runs(one) & runs(other), runs(one) | runs(other)
    return len(both) / len(either) if either else 0.0


def needs(model: str) -> str:
    """The model, or a skip that says why it cannot run here."""
    reason = offline.unavailable_reason(model)
    if reason is not None:
        pytest.skip(reason)
    return model


# --- wording ------------------------------------------------------------------------------------------------------


@given(lists_of_texts)
def test_wording_is_the_jaccard_index_of_all_pairs(some: list[str]) -> None:
    """The matrix is what a loop over sets says, symmetric, and 1 on the diagonal but for blank texts."""
    found = shared_wording(some)
    assert found.shape == (len(some), len(some))
    assert np.array_equal(found, found.T)
    for place, one in enumerate(some):
        assert found[place, place] == (1.0 if one.split() else 0.0)
        for other in range(place):
            assert found[place, other] == pytest.approx(jaccard(one, some[other]))


def test_a_nul_at_the_end_is_a_character() -> None:
    """A short text is not the same as itself with a NUL behind it: nothing that fills a run is a character."""
    assert shared_wording(["a", "a\x00"])[0, 1] == 0.0


@given(texts, lists_of_texts)
def test_wording_of_one_against_many_is_that_of_all_pairs(reference: str, some: list[str]) -> None:
    """Comparing one text with many gives the row of the matrix."""
    assert np.array_equal(shared_wording_with(reference, some), shared_wording([reference, *some])[0, 1:])


def test_wording_is_the_same_for_runs_that_few_and_many_texts_have() -> None:
    """Rare runs are counted pair by pair and common ones by a matrix product; both give the plain index."""
    some = [f"common words {'and ' * (place % 7)}word{place // 3} tail" for place in range(90)]
    found = shared_wording(some)
    for one, other in ((0, 1), (0, 89), (17, 42), (33, 34)):
        assert found[one, other] == pytest.approx(jaccard(some[one], some[other]))


def test_wording_counts_neither_case_nor_accents_nor_white_space() -> None:
    """Texts that differ in these alone are the same; the worked example of the docstring holds."""
    found = shared_wording(["Der Router  ist\nan", "der röuter ist an", "wifi down", "wifi drop"])
    assert found[0, 1] == 1.0
    assert found[2, 3] == pytest.approx(1 / 3)


def test_wording_stops_when_it_is_told_to() -> None:
    """What the check raises comes out."""
    with pytest.raises(Stop):
        shared_wording(["some text", "another text"], check=stop)


# --- meaning ------------------------------------------------------------------------------------------------------


def made_vectors(owners: Sequence[int], seed: int = 1) -> Vectors:
    """Random unit vectors, one for each owner named."""
    rows = np.random.default_rng(seed).normal(size=(len(owners), 8)).astype(np.float32)
    return Vectors(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.array(owners, np.int32))


def plain_likeness(vectors: Vectors, one: int, other: int) -> float:
    """The likeness of two texts by the words of the docstring."""
    ours, theirs = vectors.rows[vectors.owners == one], vectors.rows[vectors.owners == other]
    if not len(ours) or not len(theirs):
        return 0.0
    cosines = ours @ theirs.T
    return float(min(cosines.max(axis=1).mean(), cosines.max(axis=0).mean()))


@given(st.lists(st.integers(0, 5), max_size=9))
def test_meaning_compares_every_window_with_its_best(windows: list[int]) -> None:
    """The mean best cosine of the windows, of the two directions the lower; a text without windows has 0."""
    vectors = made_vectors(sorted(windows))
    found = alike(vectors, 6)
    assert np.array_equal(found, found.T)
    for one in range(6):
        assert found[one, one] == pytest.approx(1.0 if one in windows else 0.0, abs=1e-5)
        for other in range(one):
            assert found[one, other] == pytest.approx(plain_likeness(vectors, one, other), abs=1e-5)


def test_meaning_is_the_same_when_a_text_spans_two_pieces_of_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """A text whose windows lie on both sides of a cut is counted whole; one against many agrees with all pairs."""
    vectors = made_vectors([0, 0, 0, 1, 2, 2, 2, 2, 3])
    whole = alike(vectors, 4)
    monkeypatch.setattr("rerank_core.duplicates.meaning._ROWS", 2)
    assert alike(vectors, 4) == pytest.approx(whole, abs=1e-6)
    reference = Vectors(vectors.rows[4:8], np.zeros(4, np.int32))
    assert alike_with(reference, vectors, 4) == pytest.approx(whole[2], abs=1e-6)


@pytest.mark.parametrize("model", [ENGLISH, MULTILINGUAL])
def test_a_short_text_inside_a_long_one_is_no_duplicate_of_it(model: str) -> None:
    """A long text holds the short one word for word and much else, so their likeness stays under the threshold."""
    short = ARTICLES[PLACES["password-reset"]].text
    others = ("camera-night", "refund-when", "plans", "hub-reset", "webhooks", "sensor-battery", "phishing", "invoice")
    long = " ".join([short, *(ARTICLES[PLACES[name]].text for name in others), *(a.text for a in ARTICLES[20:30])])
    found = find_duplicates([short, long], needs(model))
    assert found.count(MEANING, scale(MEANING, model).threshold) == 0


def test_vectors_of_a_few_texts_are_those_of_the_collection() -> None:
    """Whether they come from the collection or are made for the few, they belong to the places asked for."""
    model = needs(ENGLISH)
    passages = PassageList([article.text for article in ARTICLES[:9]])
    fresh = vectors_at(passages, [7, 2], model)
    passages.vectors(model)
    stored = vectors_at(passages, [7, 2], model)
    assert stored.owners.tolist() == fresh.owners.tolist() == [0, 1]
    assert np.array_equal(stored.rows, fresh.rows)


# --- groups -------------------------------------------------------------------------------------------------------


def symmetric(size: int, values: list[int]) -> np.ndarray:
    """A likeness matrix with few different values, so that there are many ties."""
    table = np.eye(size, dtype=np.float32)
    for (one, other), value in zip(combinations(range(size), 2), values, strict=False):
        table[one, other] = table[other, one] = value / 8
    return table


sizes = st.integers(1, 9)
matrices = sizes.flatmap(
    lambda size: st.lists(st.integers(0, 8), min_size=36, max_size=36).map(lambda values: symmetric(size, values))
)


@given(matrices)
def test_groups_are_cliques_that_nothing_can_be_added_to(table: np.ndarray) -> None:
    """At every threshold: no text in two groups, every pair of a group alike, and no two groups could be one."""
    linkage = link(table, 2 / 8)
    for level in range(2, 9):
        threshold = level / 8
        groups = linkage.groups(threshold)
        members = [member for group in groups for member in group]
        assert len(members) == len(set(members))
        assert all(len(group) > 1 and list(group) == sorted(group) for group in groups)
        for group in groups:
            assert all(table[one, other] >= threshold for one, other in combinations(group, 2))
        apart = [*groups, *((place,) for place in range(len(table)) if place not in members)]
        for one, other in combinations(apart, 2):
            assert any(table[a, b] < threshold for a in one for b in other)


@given(matrices)
def test_a_higher_threshold_only_splits_groups(table: np.ndarray) -> None:
    """Moving the threshold up never moves a text from one group to another."""
    linkage = link(table, 2 / 8)
    for level in range(2, 8):
        coarse = linkage.groups(level / 8)
        for group in linkage.groups((level + 1) / 8):
            assert any(set(group) <= set(larger) for larger in coarse)


def test_a_chain_does_not_glue_its_ends() -> None:
    """Each text is like the next, the ends have nothing in common: no group holds both."""
    table = symmetric(5, [])
    for place in range(4):
        table[place, place + 1] = table[place + 1, place] = 0.9
    assert link(table, 0.3).groups(0.8) == ((0, 1), (2, 3))


def test_identical_texts_are_one_group_at_any_threshold() -> None:
    """Many copies of one text, where everything is a tie."""
    assert link(np.ones((40, 40), np.float32), 0.3).groups(1.0) == (tuple(range(40)),)


def test_linking_stops_when_it_is_told_to() -> None:
    """What the check raises comes out."""
    with pytest.raises(Stop):
        link(np.ones((3, 3), np.float32), 0.5, check=stop)


# --- all pairs ----------------------------------------------------------------------------------------------------


@given(lists_of_texts.filter(lambda some: len(some) > 1))
def test_pairs_and_groups_agree_with_the_matrix(some: list[str]) -> None:
    """Pairs come most alike first and are exactly those above the threshold; groups span their own likenesses."""
    found = find_duplicates(some, None)
    table = shared_wording(some)
    floor = scale(WORDING).floor
    for threshold in (floor, 0.7, 1.0):
        pairs = found.pairs(WORDING, threshold)
        expected = {pair for pair in combinations(range(len(some)), 2) if table[pair] >= np.float32(threshold)}
        assert {(pair.first, pair.second) for pair in pairs} == expected
        assert [pair.wording for pair in pairs] == sorted((pair.wording for pair in pairs), reverse=True)
        assert found.count(WORDING, threshold) == len(pairs)
        assert found.pairs(WORDING, threshold, 2) == pairs[:2]
        for group in found.groups(WORDING, threshold):
            values = [table[pair] for pair in combinations(group.members, 2)]
            assert group.lowest == pytest.approx(min(values))
            assert group.highest == pytest.approx(max(values))
            inside = found.within(group.members, WORDING)
            assert len(inside) == len(values)
            assert found.within(group.members, WORDING, 1) == inside[:1]
            for member, pair in found.nearest(group.members, WORDING).items():
                assert pair == next(each for each in inside if member in (each.first, each.second))
    for one, other in combinations(range(len(some)), 2):
        pair = found.pair(other, one)
        assert (pair is None) == (table[one, other] < np.float32(floor))
        assert pair is None or (pair.first, pair.second, pair.wording) == (one, other, pytest.approx(table[one, other]))


def test_blank_texts_are_like_nothing() -> None:
    """Two empty texts are no duplicates, and their places are told."""
    found = find_duplicates(["", "  ", "words here", "words here"], None)
    assert found.blank == (0, 1)
    assert [group.members for group in found.groups(WORDING, 0.3)] == [(2, 3)]
    assert found.measures == (WORDING,)


@pytest.mark.parametrize("model", [ENGLISH, MULTILINGUAL])
def test_a_model_that_sees_nothing_in_a_text_finds_no_likeness(model: str) -> None:
    """Texts of blanks and odd characters compare without an error."""
    found = find_duplicates(["\u200b", "\u200b", "\ud800", "words", ""], needs(model))
    assert all(-1 <= (pair.meaning or 0) <= 1 for pair in found.pairs(WORDING, 0.3))
    assert not any({pair.first, pair.second} & {4} for pair in found.pairs(MEANING, -1))


@pytest.mark.parametrize("model", [ENGLISH, MULTILINGUAL])
def test_the_sample_knowledge_base_shows_near_copies_and_the_trap(model: str) -> None:
    """At the thresholds as they come: the pair that differs in a number stands first in both, as it should be read;
    unrelated articles stand in no group."""
    found = find_duplicates(ARTICLES, needs(model))
    trap = (PLACES["app-needs-4"], PLACES["app-needs-5"])
    resets = (PLACES["password-reset"], PLACES["password-reset-app-4"])
    for measure in (WORDING, MEANING):
        threshold = scale(measure, model).threshold
        assert found.groups(measure, threshold)[0].members == trap
        assert sum(len(group.members) for group in found.groups(measure, threshold)) <= 12
    assert trap in {(pair.first, pair.second) for pair in found.pairs(WORDING, 0.95)}
    near = [group.members for group in found.groups(MEANING, scale(MEANING, model).threshold)]
    assert any(set(resets) <= set(members) for members in near)


def test_progress_is_told_and_stops_the_work() -> None:
    """The counts rise to the number of texts; what the report raises ends it."""
    told: list[tuple[int, int]] = []
    find_duplicates(["one text", "two texts", "three"], None, on_progress=lambda *now: told.append(now))
    assert told
    assert all(total == 3 and done <= 3 for done, total in told)
    with pytest.raises(Stop):
        find_duplicates(["one text", "two texts"], None, on_progress=stop)


def test_what_cannot_be_compared_is_refused_in_a_sentence() -> None:
    """One text, more than 10,000, or 2,000 with a model, too many characters, or a model that makes no vectors."""
    for few in ([], ["alone"]):
        with pytest.raises(InvalidDocumentsError, match="fewer than two"):
            find_duplicates(few, None)
    with pytest.raises(TooManyDocumentsError, match="10,000 texts; these are 10,001") as refused:
        check_all_pairs(MAX_IN_WORDING + 1, 10)
    assert refused.value.hint
    check_all_pairs(MAX_IN_WORDING, 10)
    with pytest.raises(TooManyDocumentsError, match="2,000 texts; these are 2,001") as refused:
        check_all_pairs(MAX_TEXTS + 1, 10, ENGLISH)
    assert "by wording alone" in (refused.value.hint or "")
    with pytest.raises(TooManyDocumentsError, match="20,000,000 characters"):
        check_all_pairs(2, 20_000_001)
    with pytest.raises(ModelNotFoundError):
        find_duplicates(["one", "two"], KEYWORD)
    with pytest.raises(ModelNotFoundError):
        scale(MEANING, None)


# --- one against many ---------------------------------------------------------------------------------------------


def test_one_against_many_agrees_with_all_pairs() -> None:
    """Wording and meaning of a text with the others are those of the pairs that it is in."""
    model = needs(ENGLISH)
    some = ARTICLES[:12]
    reference = ranked_text(some[3])
    against = candidates(PassageList(some), reference, model, leave_out=3)
    assert 3 not in against.places
    assert against.searched == 11
    assert against.note == ""
    rows = {row.place: row for row in compare(reference, against, model)}
    for pair in find_duplicates(some, model).pairs(MEANING, -1):
        if 3 in (pair.first, pair.second):
            other = rows[pair.first + pair.second - 3]
            assert other.wording == pytest.approx(pair.wording)
            assert other.meaning == pytest.approx(pair.meaning, abs=1e-5)


def test_a_reranker_s_scores_stand_with_their_own_texts() -> None:
    """Relevance and rank go to the text that the answer named by its index."""
    against = candidates(PassageList(["one text", "other text", "third"]), "a text", None)
    results = tuple(
        RankedDocument(rank, index, score, against.documents[index])
        for rank, (index, score) in enumerate(((2, 0.9), (0, 0.4), (1, 0.1)), 1)
    )
    request = RerankRequest("a text", against.documents)
    response = RerankResponse(request=request, results=results, model="m", provider="gateflow")
    rows = compare("a text", against, None, response=response)
    assert [(row.relevance, row.rank) for row in rows] == [(0.4, 2), (0.1, 3), (0.9, 1)]
    assert all(row.meaning is None for row in rows)


def test_a_large_collection_is_narrowed_to_the_nearest_and_says_so() -> None:
    """Over 2,000 texts a search finds what is compared; the reference itself is left out."""
    some = [f"article {place} about subject{place % 50} and nothing else" for place in range(MAX_TEXTS + 10)]
    against = candidates(PassageList(some), some[7], None, leave_out=7)
    assert len(against.places) == 200
    assert 7 not in against.places
    assert 57 in against.places
    assert "Of 2,009 texts the 200" in against.note
    assert max(row.wording for row in compare(some[7], against, None)) > 0.8


def test_a_blank_reference_and_nothing_to_compare_with_are_refused() -> None:
    """Each is one sentence before any work."""
    with pytest.raises(InvalidQueryError, match="reference text is empty"):
        candidates(PassageList(["one"]), " ", None)
    with pytest.raises(InvalidDocumentsError, match="no text to compare"):
        candidates(PassageList(["one"]), "one", None, leave_out=0)


@pytest.mark.parametrize("model", [None, ENGLISH])
def test_titles_are_compared_with_the_texts(model: str | None) -> None:
    """Texts alike under different titles are less alike than under one, and a text of a title alone is not blank; with
    the text alone the titles count for nothing."""
    if model is not None:
        needs(model)
    steps = "Open Settings, choose Security and follow the steps on the screen."
    some = [
        Document(steps, "a", {"title": "Reset your password"}),
        Document(steps, "b", {"title": "Close the account for good"}),
        Document(steps, "c", {"title": "Reset your password"}),
        Document("", "d", {"title": "Reset your password"}),
    ]
    measure = WORDING if model is None else MEANING
    found = find_duplicates(some, model)
    values = {
        (pair.first, pair.second): pair.wording if model is None else pair.meaning for pair in found.pairs(measure, -1)
    }
    assert values[(0, 2)] == pytest.approx(1.0, abs=1e-6)
    assert values[(0, 1)] < 0.99
    assert found.blank == ()
    alone = find_duplicates(some, model, rank_fields=TEXT_ONLY)
    assert alone.blank == (3,)
    assert alone.count(measure, 0.999) == 3
    against = candidates(PassageList(some), ranked_text(some[0]), model, leave_out=0)
    rows = compare(ranked_text(some[0]), against, model)
    best = max(rows, key=lambda row: row.wording if model is None else row.meaning)
    assert best.document.id == "c"


# --- files --------------------------------------------------------------------------------------------------------

EVIL = (
    Document("=HYPERLINK(1) the same words stand here", "-1", {"title": "@sum", "url": "https://example.com/a"}),
    Document("=HYPERLINK(1) the same words stand here\ud800", "b", {"price": float("nan"), "list": (1, {2})}),
    Document("something else altogether", None),
)


def test_the_csv_of_groups_is_safe_in_a_spreadsheet() -> None:
    """A row a text, guarded, with its group and its nearest; what is in no group is not there."""
    found = find_duplicates(EVIL, None)
    data = groups_csv(found, WORDING, 0.7)
    assert data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    assert [(row["group"], row["texts"], row["place"], row["nearest"]) for row in rows] == [
        ("1", "2", "1", "2"),
        ("1", "2", "2", "1"),
    ]
    assert rows[0]["text"] == "'=HYPERLINK(1) the same words stand here"
    assert rows[0]["id"] == "'-1"
    assert rows[0]["title"] == "'@sum"
    assert rows[0]["meaning"] == ""
    assert float(rows[0]["wording"]) > 0.8  # only one of them has a title


def test_the_json_of_groups_reads_back() -> None:
    """Schema, version, threshold, members with ids and metadata, and the pairs with their likeness."""
    read = json.loads(groups_json(find_duplicates(EVIL, None), WORDING, 0.7))
    assert (read["schema"], read["version"], read["texts"]) == ("rerank-playground/duplicates", 1, 3)
    assert (read["measure"], read["model"], read["threshold"]) == ("wording", None, 0.7)
    (group,) = read["groups"]
    assert [member["id"] for member in group["members"]] == ["-1", "b"]
    assert group["members"][1]["text"].endswith("\ud800")
    assert group["members"][1]["metadata"]["price"] is None
    assert group["pairs"][0]["places"] == [0, 1]
    assert group["lowest"] == group["highest"] == group["pairs"][0]["wording"]


def test_the_files_of_one_against_many_hold_the_reference_and_the_order() -> None:
    """The order is the caller's, the reference comes first in the CSV and by itself in the JSON."""
    rows = compare("=1+1 words", candidates(PassageList(EVIL), "=1+1 words", None), None)
    lines = list(csv.reader(io.StringIO(compared_csv("=1+1 words", rows[::-1]).decode("utf-8-sig"), newline="")))
    assert lines[1][0] == "0"
    assert lines[1][-1] == "'=1+1 words"
    assert [line[0] for line in lines[2:]] == ["3", "2", "1"]
    read = json.loads(compared_json("=1+1 words", rows, measure="wording", threshold=0.5, model=None))
    assert read["reference"] == "=1+1 words"
    assert [row["place"] for row in read["results"]] == [0, 1, 2]


LIKE = st.lists(
    st.text("abc ", max_size=30) | st.sampled_from(["the same wording", "the same words", "quite another text", ""]),
    max_size=40,
)


@given(
    LIKE,
    st.sampled_from([0.1, 0.3, 0.7, 1.0]),
    st.sampled_from([1, 7, 256]),
    st.sampled_from([0.0, 0.5, 2.0]),
    st.sampled_from([1, 1000]),
)
@settings(deadline=None)
def test_pairs_in_wording_are_those_of_the_whole_table(
    some: list[str], floor: float, rows: int, share: float, many: int
) -> None:
    """Exactly, whatever the size of a piece and wherever frequent runs begin; and so are the groups made of them."""
    table = shared_wording(some)
    np.fill_diagonal(table, 0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wording_pairs, "_ROWS", rows)
        patch.setattr(wording_pairs, "_AT_ONCE", 3)
        patch.setattr(wording_pairs, "_SHARE", share)
        patch.setattr(wording_pairs, "_MANY", many)
        found = like_pairs(some, floor)
    first, second = np.nonzero(np.triu(table, 1) >= np.float32(floor))
    assert found.first.tolist() == first.tolist()
    assert found.second.tolist() == second.tolist()
    assert found.values.tolist() == table[first, second].tolist()
    whole, sparse = link(table, floor), link_pairs(len(some), found)
    for threshold in {floor, 0.5, 0.8, 1.0}:
        if threshold >= floor:
            assert sparse.groups(threshold) == whole.groups(threshold)


def test_pairs_beyond_what_anybody_reads_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to do; the comparison can be stopped between its pieces."""
    monkeypatch.setattr(wording_pairs, "MAX_PAIRS", 3)
    with pytest.raises(TooManyDocumentsError, match="More than 3 pairs") as refused:
        like_pairs(["the same text"] * 4, 0.3)
    assert refused.value.hint

    def stop(done: int) -> None:
        raise KeyError(done)

    with pytest.raises(KeyError):
        like_pairs(["one text", "another text"], 0.3, tick=stop)


def test_all_pairs_in_wording_let_others_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two pieces of the work whoever else waits for the processors has a turn, and progress is told."""
    monkeypatch.setattr(wording_pairs, "_ROWS", 2)
    passed: list[object] = []
    monkeypatch.setattr(PROCESSORS, "pass_on", passed.append)
    heard: list[tuple[int, int]] = []
    find_duplicates([f"text number {place}" for place in range(6)], None, on_progress=lambda *at: heard.append(at))
    assert {(0, 6), (2, 6), (4, 6), (6, 6)} <= set(heard)
    assert heard == sorted(heard)
    assert len(passed) >= 4
