"""The chosen columns of a table, as the screens look for them."""

from __future__ import annotations

from rerank_core import parse_documents, read_documents
from rerank_core.documents.tables.roles import by_role
from rerank_core.retrieval.starting_order import initial_scores

CSV = (
    b"Body,Headline of it,Punkte,score,Where,url,Team\nBoots,Wide boots,0.25,9,https://a.test/1,none,A\n"
    b"Hats,Sun hats,0.75,8,https://a.test/2,none,B\n"
)
CHOSEN = {"text": "Body", "title": "Headline of it", "score": "Punkte", "url": "Where"}


def test_chosen_columns_go_by_the_name_of_their_role() -> None:
    """Title, score and link are found whatever their columns are called, and nothing else is lost."""
    first, second = by_role(read_documents("a.csv", CSV, columns=CHOSEN))
    assert first.text == "Boots"
    assert first.metadata == {
        "title": "Wide boots",
        "score": "0.25",
        "score column": "9",
        "url": "https://a.test/1",
        "url column": "none",
        "Team": "A",
    }
    assert initial_scores((first, second)) == (0.25, 0.75)


def test_a_role_that_is_refused_is_not_found_by_its_name() -> None:
    """Where somebody said that no column is the title, a column called title is one like any other."""
    data = b"text,title,bm25\nBoots,kb-1,0.5\n"
    refused = {"title": "", "score": ""}
    parsed = read_documents("a.csv", data, columns={"text": "text", **refused})
    (document,) = by_role(parsed, [*refused])
    assert document.metadata == {"title column": "kb-1", "bm25 column": "0.5"}
    assert initial_scores((document,)) == (None,)


def test_capitals_and_json_names_are_understood() -> None:
    """A column called Title is the title, and so is the name of an object in JSON; a known score keeps its name."""
    (document,) = by_role(read_documents("a.csv", b"Text,Title,Score,Link\nBoots,Wide,0.5,https://a.test/\n"))
    assert document.metadata == {"title": "Wide", "Score": "0.5", "url": "https://a.test/"}
    pasted = parse_documents('[{"text": "Boots", "name": "Wide"}, {"text": "Hats"}]')
    assert [dict(document.metadata) for document in by_role(pasted)] == [{"title": "Wide"}, {}]


def test_what_has_no_columns_stays_as_it_is() -> None:
    """Lines of text, and pages with a title of their own, are the very same documents."""
    parsed = parse_documents("one\ntwo")
    assert by_role(parsed) is parsed.documents
