"""Documents cut into passages that know their document, and results of passages as results of documents."""

from hypothesis import given
from hypothesis import strategies as st

from rerank_core.corpora.cutting import by_document, cut
from rerank_core.models import Document, RankedDocument


def test_passages_name_their_document_and_short_documents_stay() -> None:
    """A document without an id is told apart by its file and place; one that is not cut names nothing."""
    long = "First paragraph with quite a few words in it, enough to stand alone as a passage of its own here.\n\n" * 3
    passages = cut([Document(long), Document("short"), Document(long, "kb-1")], "paragraph", source="a.txt")
    names = [passage.metadata.get("document_id") for passage in passages]
    assert set(names) == {"a.txt 1", None, "kb-1"}
    assert names.count("kb-1") > 1


def test_a_document_stands_where_its_best_passage_stands() -> None:
    """Two passages of one document become one row, counted in both orders."""

    def row(rank: int, index: int, name: str | None) -> RankedDocument:
        metadata = {"document_id": name} if name else {}
        return RankedDocument(rank, index, 1.0 / rank, Document(f"text {index}", None, metadata))

    found = by_document([row(1, 3, "b"), row(2, 0, "a"), row(3, 1, "b"), row(4, 2, None)])
    assert [(each.was, each.now, each.best.index, each.passages) for each in found] == [
        (2, 1, 3, 2),
        (1, 2, 0, 1),
        (3, 3, 2, 1),
    ]


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=12), st.randoms(use_true_random=False))
def test_every_document_has_one_place_in_either_order(names: list[str], chance) -> None:  # type: ignore[no-untyped-def]
    """Whatever is reranked how, ranks run from 1 without a gap on both sides."""
    order = list(range(len(names)))
    chance.shuffle(order)
    results = [
        RankedDocument(rank, index, None, Document("t", None, {"document_id": names[index]}))
        for rank, index in enumerate(order, 1)
    ]
    rows = by_document(results)
    assert sorted(row.was for row in rows) == list(range(1, len(set(names)) + 1))
    assert [row.now for row in rows] == list(range(1, len(rows) + 1))
    assert sum(row.passages for row in rows) == len(names)
