"""The working list: paste replaces, uploads append, the table edits, nothing is lost on the way."""

from hypothesis import given
from hypothesis import strategies as st

from rerank_core.documents.working_list import WorkingList
from rerank_core.models import Document


def listed(*texts: str) -> WorkingList:
    return WorkingList.of((Document(text) for text in texts), "pasted")


def texts(working: WorkingList) -> list[str]:
    return [document.text for document in working.documents]


def test_pasting_replaces_and_uploads_append() -> None:
    """A paste takes the place of all; files come after what is there, under names of their own."""
    working, first = listed("a", "b").uploaded("kb.csv", [Document("c")])
    working, second = working.uploaded("kb.csv", [Document("d"), Document("e")])
    assert (first, second) == ("kb.csv", "kb.csv (2)")
    assert texts(working) == ["a", "b", "c", "d", "e"]
    assert working.describe() == "5 documents: 2 pasted, 1 from kb.csv, 2 from kb.csv (2)"
    assert texts(working.pasted([Document("z")])) == ["z"]
    assert texts(working.without("kb.csv (2)")) == ["a", "b", "c"]


def test_a_pasted_text_that_was_here_keeps_its_id_and_metadata() -> None:
    """Editing one line of an example does not strip the others of their links."""
    working = WorkingList.of([Document("a", "kb-1", {"url": "u"}), Document("b", "kb-2")], "pasted")
    again = working.pasted([Document("b"), Document("a"), Document("new")])
    assert [document.id for document in again.documents] == ["kb-2", "kb-1", None]
    assert again.documents[1].metadata == {"url": "u"}


def test_rereading_a_file_puts_its_documents_where_they_were() -> None:
    """Choosing another text column leaves the file at its place in the list."""
    working, name = listed("a").uploaded("kb.csv", [Document("b"), Document("c")])
    working, _ = working.uploaded("more.txt", [Document("d")])
    assert texts(working.reread(name, [Document("B")])) == ["a", "B", "d"]
    assert texts(working.reread(name, [])) == ["a", "d"]


def test_table_edits_change_add_delete_and_move() -> None:
    """An editor's edits are applied to the list they were made on."""
    working = WorkingList.of([Document("a", "1", {"lang": "en"}), Document("b"), Document("c")], "pasted")
    edits = {
        "edited_rows": {0: {"Text": "A", "lang": ""}, "2": {"Order": 1, "ID": "c-7"}},
        "added_rows": [{"Text": "d", "lang": "de"}, {"ID": "still typing"}],
        "deleted_rows": [1],
    }
    edited = working.edited(edits)
    assert texts(edited) == ["c", "A", "d"]
    assert [document.id for document in edited.documents] == ["c-7", "1", None]
    assert edited.documents[1].metadata == {}
    assert edited.documents[2].metadata == {"lang": "de"}
    assert edited.order_name == "as in the table"
    assert texts(working) == ["a", "b", "c"]


@given(st.lists(st.text(min_size=1), min_size=1, max_size=8), st.data())
def test_moving_one_row_puts_it_at_the_place_that_was_typed(words: list[str], data: st.DataObject) -> None:
    """Order n moves a row up to place n and keeps the others in their order."""
    working = listed(*words)
    row = data.draw(st.integers(0, len(words) - 1))
    order = data.draw(st.integers(1, row + 1))
    moved = texts(working.edited({"edited_rows": {row: {"Order": order}}}))
    rest = words[:row] + words[row + 1 :]
    assert moved == [*rest[: order - 1], words[row], *rest[order - 1 :]]


def test_moving_a_row_down_puts_it_after_the_row_that_stood_there() -> None:
    """Order 3 typed on the first of four rows makes it the third."""
    assert texts(listed("a", "b", "c", "d").edited({"edited_rows": {0: {"Order": 3}}})) == ["b", "c", "a", "d"]


def test_rows_carry_order_text_id_and_metadata() -> None:
    """The table shows every document with its own columns, empty where it has none."""
    working = WorkingList.of([Document("a", "1", {"url": "u", "n": 3}), Document("b")], "pasted")
    assert working.columns() == ("Order", "Text", "ID", "url", "n")
    assert working.rows()[0] == {"Order": 1, "Text": "a", "ID": "1", "url": "u", "n": "3"}
    assert working.rows()[1] == {"Order": 2, "Text": "b", "ID": "", "url": "", "n": ""}


def test_sorting_takes_numbers_as_numbers_and_leaves_empty_cells_last() -> None:
    """10 comes after 9, not after 1, and a row without a value is at the end both ways."""
    documents = [
        Document(text, None, {"views": views} if views else {})
        for text, views in [("a", "10"), ("b", ""), ("c", "9"), ("d", "9")]
    ]
    working = WorkingList.of(documents, "pasted")
    assert texts(working.sorted_by("views")) == ["c", "d", "a", "b"]
    assert texts(working.sorted_by("views", descending=True)) == ["a", "c", "d", "b"]
    assert texts(working.sorted_by("Text", descending=True)) == ["d", "c", "b", "a"]
