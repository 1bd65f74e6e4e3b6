"""A result in an address: it comes back as it was, and whatever else stands there ends in one kind of error."""

from __future__ import annotations

import base64
import json
import zlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rerank_core.exports.shared_link import MAX_CHARACTERS, PREFIX, SharedLinkError, fits, from_fragment, to_fragment
from rerank_core.exports.shared_result import RECEIVED, SharedAnswer, SharedResult, shared_result
from rerank_core.models import Document, RankedDocument, RerankRequest, RerankResponse
from rerank_core.rank_fields import TITLE_AND_TEXT
from tests.core.exports.shared import TEXTS, WHEN, result

MODELS = [
    ("local", "local-english"),
    ("gateflow", "rerank-english-v3.0"),
    ("gateflow", "one-of-tomorrow"),
    ("flashrank", None),
]
TEXT = st.text(st.characters(exclude_categories=()), max_size=40)
SCORE = st.none() | st.floats(allow_nan=False, allow_infinity=False)


@st.composite
def results(draw: st.DrawFn) -> SharedResult:
    """Any result that pages could make, lone surrogates and control characters in its texts included."""
    documents = draw(
        st.lists(
            st.builds(Document, TEXT, st.none() | TEXT, st.dictionaries(TEXT, TEXT, max_size=2)), min_size=1, max_size=5
        )
    )
    query = draw(TEXT)
    assume(query.strip() and any(document.text.strip() for document in documents))
    kind = draw(st.sampled_from(["playground", "compare", "search"]))
    answers = []
    for service, model in draw(
        st.lists(st.sampled_from(MODELS), min_size=1, max_size=4 if kind == "compare" else 1, unique=True)
    ):
        order = draw(st.permutations(range(len(documents))))
        order = order[: draw(st.integers(1, len(order)))]
        scores = draw(st.lists(SCORE, min_size=len(order), max_size=len(order)))
        answers.append(SharedAnswer(service, model, tuple(order), tuple(scores)))
    return SharedResult(
        kind,
        query,
        tuple(documents),
        tuple(answers),
        draw(st.integers(0, 4_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))),
        order_name=draw(TEXT),
        rank_fields=tuple(dict.fromkeys(["text", *draw(st.lists(TEXT.filter(str.strip), max_size=2))])),
        top_n=draw(st.none() | st.integers(1, 1000)),
        ratings=draw(st.dictionaries(st.integers(0, len(documents) - 1), st.integers(0, 3))),
        question=draw(TEXT),
        source=draw(TEXT),
    )


def packed(record: object) -> str:
    """A fragment that holds this JSON, whatever it is."""
    text = record if isinstance(record, bytes) else json.dumps(record).encode()
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return PREFIX + base64.urlsafe_b64encode(packer.compress(text) + packer.flush()).decode().rstrip("=")


def record(**changes: Any) -> dict[str, Any]:
    """What the fragment of a small result holds, with other values under some of its names."""
    data = to_fragment(result()).removeprefix(PREFIX)
    text = zlib.decompress(base64.urlsafe_b64decode(data + "=" * (-len(data) % 4)), -15)
    return json.loads(text) | changes


@given(results())
@pytest.mark.slow
def test_what_a_link_holds_comes_back(shared: SharedResult) -> None:
    """Texts, orders, scores, ratings and the time are the same after the way through an address."""
    fragment = to_fragment(shared)
    assume(len(fragment) <= MAX_CHARACTERS)
    assert from_fragment(fragment) == from_fragment(f"#{fragment}") == shared
    assert fits(shared)


@given(
    st.text(max_size=200)
    | st.binary(max_size=200).map(lambda raw: PREFIX + base64.urlsafe_b64encode(raw).decode().rstrip("="))
)
def test_any_other_text_is_refused(fragment: str) -> None:
    """Whatever somebody puts behind the #, only our error comes of it."""
    with pytest.raises(SharedLinkError):
        from_fragment(fragment)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=8,
)


@given(st.sampled_from([*record()]), JSON)
def test_a_part_of_another_form_is_refused_or_read_strictly(name: str, value: Any) -> None:
    """One part with any other value in it gives our error, or a result that makes the same link."""
    try:
        found = from_fragment(packed(record(**{name: value})))
    except SharedLinkError:
        return
    assert from_fragment(to_fragment(found)) == found


@pytest.mark.parametrize(
    "changes",
    [
        {"k": "evaluate"},
        {"q": "  "},
        {"d": []},
        {"d": [[1]]},
        {"d": [["a", None, {"title": 3}]]},
        {"d": [["a", None, {}, "more"]]},
        {"a": []},
        {"a": [["local", "local-english", [0, 0], [0.5, 0.5]]]},
        {"a": [["local", "local-english", [9], [0.5]]]},
        {"a": [["local", "local-english", [0], [True]]]},
        {"a": [["local", "local-english", [0], [1e999]]]},
        {"a": [["local", "x" * 300, [0], [0.5]]]},
        {"a": [["local", "local-english", [0], [0.5], {"base_url": "http://127.0.0.1/"}]]},
        {"g": [[0, 9]]},
        {"g": [[99, 1]]},
        {"t": -1},
        {"t": 1e9},
        {"n": 0},
        {"r": []},
        {"v": True},
        {"v": 0},
        {"api_key": "sk-1"},
        {"base_url": "http://127.0.0.1/"},
    ],
)
def test_what_is_not_of_this_form_is_refused(changes: dict[str, Any]) -> None:
    """A link says nothing but a result: no other name, no place that is not there, no key, no address."""
    with pytest.raises(SharedLinkError):
        from_fragment(packed(record(**changes)))


def test_a_link_of_a_newer_version_says_so() -> None:
    """Whoever has an older copy reads that it has to be updated."""
    with pytest.raises(SharedLinkError, match="newer version"):
        from_fragment(packed(record(v=2)))
    with pytest.raises(SharedLinkError, match="does not know"):
        from_fragment(packed(record(a=[["one-of-tomorrow", None, [0], [0.5]]])))


def test_a_link_is_small_before_and_after_it_is_unpacked() -> None:
    """Neither a long address nor one that unpacks to megabytes is read, or made."""
    with pytest.raises(SharedLinkError, match="too long"):
        from_fragment(PREFIX + "A" * (MAX_CHARACTERS + 1))
    bomb = packed(b'{"v":1,"q":"' + b"a" * 5_000_000 + b'"}')
    assert len(bomb) < MAX_CHARACTERS
    with pytest.raises(SharedLinkError, match="more than a link may"):
        from_fragment(bomb)
    assert not fits(result(documents=(Document("a" * 300_000),), answers=(SharedAnswer("local", None, (0,), (0.1,)),)))


@pytest.mark.parametrize("text", [b"[" * 5_000, b"1" * 5_000, b"NaN", b"\xff\xfe", b"", b'{"v":1}', b"null"])
def test_json_of_any_kind_ends_in_our_error(text: bytes) -> None:
    """Deep nesting, long numbers and bytes that are no text are damage like any other."""
    with pytest.raises(SharedLinkError, match="damaged"):
        from_fragment(packed(text))


def test_a_link_that_was_cut_is_damaged() -> None:
    """An address that a program shortened anywhere is never taken for a smaller result."""
    fragment = to_fragment(result())
    for length in range(len(fragment)):
        with pytest.raises(SharedLinkError):
            from_fragment(fragment[:length])
    with pytest.raises(SharedLinkError):
        from_fragment(fragment + "AAAA")


def test_only_what_is_read_or_shown_of_a_document_is_handed_on() -> None:
    """Other metadata, bodies that were sent and received, costs and ids of requests stay."""
    documents = (Document("a", "1", {"title": "T", "price": 3, "owner": "secret"}), Document("b"))
    request = RerankRequest("q", documents, rank_fields=(*TITLE_AND_TEXT, "price"))
    response = RerankResponse(
        (RankedDocument(1, 1, 0.123456789, documents[1]), RankedDocument(2, 0, None, documents[0])),
        "local-english",
        "local",
        request,
        request_id="secret",
        sent={"secret": 1},
        raw={"secret": 1},
        warnings=("secret",),
    )
    shared = shared_result(
        "search", [response], WHEN + timedelta(milliseconds=5), asked=("q", "my base"), ratings={1: 3}
    )
    assert shared.documents[0].metadata == {"title": "T", "price": "3"}
    assert shared.answers[0].scores == (0.123457, None)
    assert shared.created == WHEN
    assert shared.question == ""
    assert "secret" not in json.dumps(record_of(shared))
    (back,) = from_fragment(to_fragment(shared)).responses()
    assert [(row.rank, row.index, row.document.text) for row in back.results] == [(1, 1, "b"), (2, 0, "a")]
    assert back.request.rank_fields == request.rank_fields
    assert back.warnings == (RECEIVED,)
    assert back.cost.amount is None


def record_of(shared: SharedResult) -> Any:
    """What the fragment of a result holds."""
    data = to_fragment(shared).removeprefix(PREFIX)
    return json.loads(zlib.decompress(base64.urlsafe_b64decode(data + "=" * (-len(data) % 4)), -15))


def test_a_usual_story_fits_into_a_link() -> None:
    """Twelve short documents take a fraction of what an address may hold."""
    texts = [f"{text}, article {number}" for number in range(4) for text in TEXTS]
    order = tuple(reversed(range(12)))
    shared = result(
        documents=tuple(map(Document, texts)),
        answers=(SharedAnswer("local", "local-english", order, tuple(0.9 - 0.05 * rank for rank in range(12))),),
    )
    assert len(to_fragment(shared)) < 1_000
