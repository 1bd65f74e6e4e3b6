"""Chunks of documents: exact pieces, in order, of bounded size, that find their way back."""

from __future__ import annotations

import sys
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rerank_core.documents import chunk, chunk_cost, chunking, group_by_parent, splitting
from rerank_core.documents.chunking import CHUNK_KEYS, ChunkPlace, around, place_of
from rerank_core.errors import ConfigurationError, InvalidDocumentsError, InvalidRequestError
from rerank_core.models import Document, RankedDocument
from rerank_core.pricing.tokens import estimate_tokens

LONG = "\n\n".join(f"Paragraph {number} says something of its own. {'It goes on. ' * 8}" for number in range(20))

words = st.text(st.sampled_from("ab. \n\t#-é日語\u0301\ud800"), max_size=30)
texts = st.lists(
    words | st.sampled_from(["\n\n", " ", "# Top\n", "<h2>Sub</h2>", "word word. ", "x" * 90]), max_size=40
)


def covered(text: str, pieces: list[ChunkPlace]) -> str:
    """What of a text no piece covers."""
    left = list(text)
    for piece in pieces:
        left[piece.start : piece.end] = [" "] * (piece.end - piece.start)
    return "".join(left)


@given(texts.map("".join), st.sampled_from(["paragraph", "size", "heading"]), st.integers(1, 60), st.integers(0, 59))
@settings(deadline=None, max_examples=400)
def test_chunks_are_exact_pieces_in_order_that_cover_the_text(text: str, how: Any, tokens: int, overlap: int) -> None:
    """Every place points at exactly the chunk's text, none is blank, and only white space is left out."""
    parts = chunk([Document(text, "d")], how, tokens=tokens, overlap=min(overlap, tokens - 1))
    if len(parts) == 1:
        assert parts == (Document(text, "d"),)
        return
    places = [place for part in parts if (place := place_of(part))]
    assert len(places) == len(parts)
    for number, (part, place) in enumerate(zip(parts, places, strict=True), 1):
        assert part.text == text[place.start : place.end]
        assert part.text.strip()
        assert (place.parent, place.document, place.number, place.count) == ("d", 0, number, len(parts))
        assert part.id == f"d/{number}"
    assert [place.start for place in places] == sorted({place.start for place in places})
    assert [place.end for place in places] == sorted({place.end for place in places})
    assert not covered(text, places).strip()
    if how != "size":
        assert all(one.end <= two.start for one, two in pairwise(places))


@given(texts.map("".join), st.integers(1, 60), st.integers(0, 59))
@settings(deadline=None, max_examples=300)
def test_chunks_by_size_respect_size_and_overlap(text: str, tokens: int, overlap: int) -> None:
    """None has more tokens than asked for, white space around it aside; none repeats more than asked for."""
    overlap = min(overlap, tokens - 1)
    parts = chunk([text], "size", tokens=tokens, overlap=overlap)
    assert all(estimate_tokens(part.text.strip()) <= tokens for part in parts)
    places = [place for part in parts if (place := place_of(part))]
    for one, two in pairwise(places):
        if two.start < one.end:
            assert estimate_tokens(text[two.start : one.end].strip()) <= overlap


def test_size_and_overlap_do_what_they_say() -> None:
    """A long text is cut between sentences, and each chunk begins with the end of the one before."""
    parts = chunk([Document(LONG, "d")], "size", tokens=100, overlap=30)
    places = [place for part in parts if (place := place_of(part))]
    assert len(parts) > 5
    assert all(60 < estimate_tokens(part.text) <= 100 for part in parts[1:-1])
    assert all(15 < estimate_tokens(LONG[two.start : one.end]) <= 30 for one, two in pairwise(places))
    assert all(part.text.startswith(("Paragraph", "It goes")) for part in parts)
    assert chunk([LONG], "size", tokens=100, overlap=0)[0].text.endswith(".")


def test_a_text_of_many_windows_is_cut_as_one_of_few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Splitting window by window changes nothing for ordinary text."""
    text = LONG * 8
    at_once = chunk([text], "size")
    monkeypatch.setattr(splitting, "_WINDOW_CHARACTERS", 1)
    assert [part.text for part in chunk([text], "size")] == [part.text for part in at_once]


@pytest.mark.parametrize(
    "text", ["x" * 300_000, "日本語" * 50_000, "a\n" * 150_000, "e" + "\u0301" * 100_000, "a" + " " * 300_000 + "b"]
)
@pytest.mark.parametrize("how", ["size", "paragraph", "heading"])
def test_texts_without_places_to_cut_are_cut_all_the_same(text: str, how: Any) -> None:
    """One endless word, no spaces, accents without end, and mostly nothing."""
    parts = chunk([text], how)
    places = [place for part in parts if (place := place_of(part))]
    assert not covered(text, places).strip() or len(parts) == 1
    if how == "size":
        assert all(estimate_tokens(part.text) <= 200 for part in parts)


@pytest.mark.parametrize("text", ["<h1 " * 60_000, "<h1>" * 60_000, "#" * 200_000, "```\n" * 50_000, "\n" * 200_000])
def test_headings_that_never_end_cost_no_time(text: str) -> None:
    """Made to make a search for headings go back and forth."""
    for how in ("heading", "paragraph"):
        assert chunk([text], how)


def test_paragraphs_take_short_ones_along() -> None:
    """A heading goes with what it heads, a last short line with what it follows."""
    one, two = "The first paragraph has quite a number of words, enough to stand for itself.", "x" * 100
    parts = chunk([Document(f"Install\n\n{one}\n\n \n{two}\n\nYes.\n", "d", {"lang": "en"})], "paragraph")
    assert [part.text for part in parts] == [f"Install\n\n{one}", f"{two}\n\nYes."]
    assert [part.id for part in parts] == ["d/1", "d/2"]
    assert parts[1].metadata["lang"] == "en"


MARKDOWN = """Before.

# Guide
## Install
Do this.
```
# no heading
```
## Run ##
Run it.
<h3 class="x">Deep <b>er</b></h3>
More.
# End
"""


def test_headings_of_markdown_and_html_lead_the_way() -> None:
    """A chunk from heading to heading, with the way to it after the document's own section."""
    parts = chunk([Document(MARKDOWN, "d", {"section": "Manual"})], "heading")
    assert [(part.text, part.metadata["section"]) for part in parts] == [
        ("Before.", "Manual"),
        ("# Guide\n## Install\nDo this.\n```\n# no heading\n```", "Manual > Guide > Install"),
        ("## Run ##\nRun it.", "Manual > Guide > Run"),
        ('<h3 class="x">Deep <b>er</b></h3>\nMore.', "Manual > Guide > Run > Deep er"),
        ("# End", "Manual > End"),
    ]


def test_off_and_short_documents_stay_as_they_are() -> None:
    """What need not be cut is the same document."""
    documents = (Document(LONG, "a"), Document("short", "b", {"x": 1}), Document(" ", "c"))
    assert chunk(documents, "off") == documents
    assert chunk(documents, "size")[-2:] == documents[1:]
    assert chunk(["a", {"text": "b", "id": 9}], "heading") == (Document("a"), Document("b", "9"))
    assert chunk([], "size") == ()


@pytest.mark.parametrize(
    ("how", "sizes", "words"),
    [
        ("words", {}, "no way of chunking called 'words'"),
        ("size", {"tokens": 0}, "'tokens' is 0"),
        ("size", {"tokens": True}, "'tokens' is True"),
        ("size", {"tokens": 2.5}, r"'tokens' is 2\.5"),
        ("size", {"overlap": -1}, "'overlap' is -1"),
        ("size", {"tokens": 40, "overlap": 40}, "leaves nothing"),
    ],
)
def test_sizes_that_make_no_sense_are_refused(how: Any, sizes: dict[str, Any], words: str) -> None:
    """With a hint, before anything is cut."""
    with pytest.raises(InvalidRequestError, match=words) as caught:
        chunk(["a"], how, **sizes)
    assert caught.value.hint


def test_chunks_without_end_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """So are things that are no documents."""
    monkeypatch.setattr(chunking, "MAX_CHUNKS", 10)
    with pytest.raises(InvalidRequestError, match="more than 10 chunks"):
        chunk([LONG], "size", tokens=5, overlap=1)
    with pytest.raises(InvalidDocumentsError):
        chunk([5], "size")  # type: ignore[list-item]


def test_without_the_splitter_only_size_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence says what to install; the other ways need nothing."""
    monkeypatch.setitem(sys.modules, "semantic_text_splitter", None)
    with pytest.raises(ConfigurationError, match="semantic-text-splitter"):
        chunk([LONG], "size")
    assert len(chunk([LONG], "paragraph")) == 20


def test_progress_is_told_and_can_stop_the_work() -> None:
    """Now and then, and at the end; what it raises comes out."""
    heard: list[tuple[int, int]] = []
    chunk(["a"] * 120, "size", on_progress=lambda done, total: heard.append((done, total)))
    assert heard == [(0, 120), (50, 120), (100, 120), (120, 120)]
    with pytest.raises(KeyError):
        chunk(["a"], "size", on_progress=lambda *_: {}["stop"])


def test_a_chunk_is_shown_in_its_surroundings() -> None:
    """Text before and after; nothing where the document has changed, or for a whole document."""
    whole = Document(LONG, "d")
    part = chunk([whole], "paragraph")[3]
    before, middle, after = around(whole, part, 50)
    assert middle == part.text
    assert before + middle + after in LONG
    assert (len(before), len(after)) == (50, 50)
    assert around(Document("other", "d"), part) == ("", part.text, "")
    assert around(whole, whole) == ("", LONG, "")


def test_results_of_chunks_become_results_of_documents() -> None:
    """In the order of each document's best chunk; equal ids of different files or places stay apart."""
    one = Document(LONG, "d", {"file": "a.pdf"})
    other = Document(LONG, "d", {"file": "b.pdf"})
    parts = (*chunk([one], "paragraph")[:2], *chunk([other], "paragraph")[:2], Document("whole"), Document("two"))
    order = [4, 1, 2, 0, 5, 3]
    ranked = [RankedDocument(rank, index, 1 / rank, parts[index]) for rank, index in enumerate(order, 1)]
    groups = group_by_parent(ranked)
    assert [(group.rank, group.parent, group.best.index) for group in groups] == [
        (1, None, 4),
        (2, "d", 1),
        (3, "d", 2),
        (4, None, 5),
    ]
    assert [[row.index for row in group.chunks] for group in groups] == [[4], [1, 0], [2, 3], [5]]
    assert group_by_parent([]) == ()


def test_documents_without_ids_are_told_apart_by_place() -> None:
    """Their chunks have no id either, and still belong together."""
    parts = chunk([LONG, LONG], "paragraph")
    assert {part.id for part in parts} == {None}
    ranked = [RankedDocument(rank, rank - 1, None, part) for rank, part in enumerate(parts, 1)]
    assert [len(group.chunks) for group in group_by_parent(ranked)] == [20, 20]


def test_metadata_that_only_looks_like_a_chunks_is_none() -> None:
    """A table may have columns of these names."""
    assert place_of(Document("a", metadata=dict.fromkeys(CHUNK_KEYS, "7"))) is None
    assert place_of(Document("a", metadata={"chunk_parent": "d"})) is None
    assert place_of(Document("a", metadata=dict(zip(CHUNK_KEYS, ("d", 0, 1, 2, 3, 9), strict=True)))) == ChunkPlace(
        "d", 0, 1, 2, 3, 9
    )


def test_the_cost_says_what_chunking_does() -> None:
    """From the estimates of both, in amounts and in a sentence."""
    documents = [Document("word " * 60, str(number)) for number in range(90)]
    chunks = chunk(documents, "size", tokens=50, overlap=10)
    cost = chunk_cost("gateflow", None, "query", documents, chunks)
    assert (cost.documents, cost.chunks) == (90, len(chunks))
    assert cost.whole.search_units == 1
    assert cost.chunked.search_units == 2
    assert cost.difference == Decimal("0.001")
    assert cost.sentence == "90 documents make 180 chunks; a search is estimated at $0.002 instead of $0.001."
    local = chunk_cost("local", None, "query", documents[:1], chunks[:2])
    assert local.sentence == "1 document makes 2 chunks; a search is estimated at $0 either way."
    unknown = chunk_cost("flashrank", None, "query", documents, chunks)
    assert unknown.difference is None
    assert unknown.sentence.endswith("what a search costs is unknown.")
