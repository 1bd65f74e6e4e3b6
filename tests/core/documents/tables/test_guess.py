"""Which column of a table is what."""

from __future__ import annotations

import pytest

from rerank_core.documents.tables import fields
from rerank_core.documents.tables.guess import guess_columns
from rerank_core.errors import InvalidDocumentsError

QUERY_ROLES = {**fields.QUERY_NAMES, **fields.NAMES, "rating": ("rating",)}

SHOP = [
    ["tent", "1", "SKU-392", "Leki 2 person tent", "2 kg, double wall", "199,00 €", "sold out", "3"],
    ["tent", "2", "SKU-181", "Vaude tent footprint", "for 2P tents, waterproof", "39,00 €", "in stock", "0"],
    ["stove", "1", "SKU-389", "Primus gas stove", "folds flat, 300 g, piezo", "57,28 €", "in stock", "2"],
    ["stove", "2", "SKU-479", "Exped gas cartridge", "for all screw valves", "6,50 €", "3-5 days", "1"],
]
SHOP_NAMES = ["Search term", "Position", "SKU", "Product title", "Short description", "Price", "Availability", "Rating"]


def test_a_shop_export_is_recognised() -> None:
    """Both importers find text and title by what their names contain; a price is never the text."""
    documents = guess_columns(SHOP_NAMES[1:-1], [row[1:-1] for row in SHOP])
    assert documents.chosen == {
        "text": "Short description",
        "id": "SKU",
        "title": "Product title",
        "rank": "Position",
    }
    queries = guess_columns(SHOP_NAMES, SHOP, roles=QUERY_ROLES)
    assert queries.chosen == {"query": "Search term", **documents.chosen, "rating": "Rating"}
    assert not documents.unsure
    assert not queries.unsure


def test_names_that_nobody_knows_leave_the_cells_to_tell() -> None:
    """The longest varied texts are the text, what names things before it the title, what comes in blocks the query;
    each of them is a guess that somebody should look at."""
    names = [f"Column {place}" for place in range(1, 9)]
    guess = guess_columns(names, SHOP, roles=QUERY_ROLES)
    assert guess.chosen == {"query": "Column 1", "text": "Column 5"} | {
        role: column for role, column in guess.chosen.items() if role == "title"
    }
    assert {"query", "text"} <= set(guess.unsure)
    assert guess.samples["Column 6"] == ("199,00 €", "39,00 €", "57,28 €")


@pytest.mark.parametrize(
    "cells",
    [
        ["1,299.00 EUR", "€ 12,50", "CHF 7.-", "12 zł"],
        ["2024-01-05T10:00:00Z", "05.01.2024", "1/5/24 10:00", "2024-01-05"],
        ["https://example.org/a/long/address/of/a/page", "www.example.org", "http://e.org/x?y=z", "https://e.org"],
        ["SKU-0001-LONG-ARTICLE-NUMBER-OF-A-SHOP", "kb-17", "5f8a9b1c-1111-4222-8333-123456789abc", "X100"],
        ["in stock at once", "in stock at once", "in stock at once", "in stock at once"],
    ],
    ids=["prices", "dates", "addresses", "codes", "labels"],
)
def test_what_stands_beside_the_texts_is_never_the_text(cells: list[str]) -> None:
    """However long its cells are, and although it is called "text"."""
    rows = [[cell, f"red lamp {place}"] for place, cell in enumerate([*cells, *cells[:1]])]
    assert guess_columns(["a", "b"], rows).chosen["text"] == "b"
    if cells[0] != cells[1]:
        assert guess_columns(["text", "description"], rows).chosen["text"] == "description"


@pytest.mark.parametrize(
    ("names", "title", "text"),
    [
        (["Artikelnummer", "Titel", "Beschreibung"], "Titel", "Beschreibung"),
        (["Art.-Nr.", "Produktname", "Produktbeschreibung lang"], "Produktname", "Produktbeschreibung lang"),
        (["référence", "titre", "contenu"], "titre", "contenu"),
        (["código", "título", "descripción"], "título", "descripción"),
        (["codice", "titolo", "descrizione"], "titolo", "descrizione"),
        (["artikelnr", "titel", "omschrijving"], "titel", "omschrijving"),
        (["código", "nome", "descrição"], "nome", "descrição"),
        (["编号", "标题", "内容"], "标题", "内容"),
    ],
)
def test_names_in_other_languages_are_known(names: list[str], title: str, text: str) -> None:
    """Id, title and text by their names alone, though the text is shorter than the title."""
    rows = [["a-1", "a title that is rather long", "short"], ["a-2", "another title of this length", "brief text"]]
    assert guess_columns(names, rows).chosen == {"id": names[0], "title": title, "text": text}


def test_a_column_that_repeats_is_no_id() -> None:
    """A musical key that is called "key" is no id, which a note says; the next known name is."""
    rows = [[key, f"song-{place}", f"song number {place}"] for place, key in enumerate(["B", "C#", "F"] * 5)]
    guess = guess_columns(["key", "uuid", "text"], rows)
    assert guess.chosen["id"] == "uuid"
    without = guess_columns(["key", "other", "text"], rows)
    assert "id" not in without.chosen
    assert without.notes == ("The column 'key' was not read as the ids, since its values repeat.",)


def test_an_id_may_repeat_beneath_several_queries() -> None:
    """In a table of queries the same document stands beneath several. An id that restarts with each query stays one
    too: the reader takes the text for the document where they do not agree."""
    good = [[query, f"d{place}", f"text number {place}"] for query in ("a", "b") for place in range(3)]
    assert guess_columns(["query", "id", "text"], good, roles=QUERY_ROLES).chosen["id"] == "id"
    restarts = [[query, f"{place}", f"{query} text {place}"] for query in ("a", "b") for place in range(3)]
    assert guess_columns(["query", "id", "text"], restarts, roles=QUERY_ROLES).chosen["id"] == "id"


def test_a_much_longer_column_beside_the_named_one_is_a_doubt() -> None:
    """The name decides, and somebody is asked to look."""
    rows = [["short one", f"a very long text that goes on and on, number {place}"] for place in range(3)]
    guess = guess_columns(["summary", "transcript"], rows)
    assert (guess.chosen["text"], guess.unsure) == ("summary", ("text",))


def test_numbers_and_dates_alone_give_no_text() -> None:
    """Nothing is ranked that is no text; a single column is taken as it is."""
    assert "text" not in guess_columns(["count", "date"], [["12", "2024-01-05"], ["13", "2024-01-06"]]).chosen
    assert guess_columns(["count"], [["12"], ["13"]]).chosen == {"text": "count"}


def test_what_is_requested_decides() -> None:
    """A column's name in any case, an empty string for none, and an error for what does not exist."""
    assert guess_columns(["id", "text"], [["1", "a b"]], {"id": ""}).chosen == {"text": "text"}
    assert guess_columns(["id", "text"], [["1", "a b"]], {"text": "ID"}).chosen == {"text": "id"}
    with pytest.raises(InvalidDocumentsError, match="no column"):
        guess_columns(["id", "text"], [["1", "a b"]], {"text": "body"})
    with pytest.raises(InvalidDocumentsError, match="no role"):
        guess_columns(["id", "text"], [["1", "a b"]], {"price": "id"})


@pytest.mark.parametrize("cell", ['{"a": "b, c"}', '[{"type": "text"}]', "{}", "[]", "[1, 2, 3]"])
def test_a_column_of_json_is_no_title_and_a_named_text_of_json_is_one(cell: str) -> None:
    rows = [["1", cell, "How to reset your password"], ["2", cell, "Where to find the invoice"]]
    assert guess_columns(["id", "meta", "text"], rows).chosen == {"text": "text", "id": "id"}
    assert guess_columns(["id", "text"], [row[:2] for row in rows]).chosen["text"] == "text"
