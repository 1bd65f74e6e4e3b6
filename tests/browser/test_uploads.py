"""Uploads in a real browser: every kind on both pages, hostile files, a long read that is cancelled or reloaded."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visitor
from tests.browser.seeing import choose, scrolls_sideways, serious_findings, settle, texts, unfold, upload
from tests.support import made_files as made
from tests.support.app_server import Server, start_server

Visit = Callable[..., Visitor]

RESET, SHOPS = "Reset a forgotten password in three steps", "Opening hours of our shops"
TABLES = {
    "list.txt": f"{RESET}\n{SHOPS}\n".encode(),
    "notes.md": f"# Passwords\n\n{RESET}\n\n# Shops\n\n{SHOPS}\n".encode(),
    "kb.csv": f"SKU;Body;Ort\na-1;{RESET};Zürich\na-2;;Köln\na-3;{SHOPS};Ulm\n".encode("cp1252"),
    "kb.tsv": f"SKU\tBody\na-1\t{RESET}\na-2\t{SHOPS}\n".encode("utf-16"),
    "kb.xlsx": made.xlsx({"Articles": [["SKU", "Body"], ["a-1", RESET], ["a-2", SHOPS]], "More": [["Body"], ["x"]]}),
    "kb.json": f'[{{"id": 1, "body": "{RESET}"}}, "{SHOPS}"]'.encode(),
    "kb.jsonl": f'{{"id": 1, "text": "{RESET}"}}\n{{"text": "{SHOPS}"}}\n'.encode(),
}
PAPERS = {
    "manual.pdf": made.pdf([made.words("The hub blinks red", "Hold its button"), made.words("Second page")]),
    "letter.docx": made.docx(made.paragraph("Refunds", "Heading1") + made.paragraph("Money comes back in a week.")),
    "talk.pptx": made.pptx([made.shape("Roadmap", kind="title") + made.shape("Boots in spring")]),
    "page.html": b"<h1>Delivery</h1><p>Parcels take two days.</p><script>stolen()</script>",
    "mail.eml": made.eml("My parcel never came."),
    "book.epub": made.epub(["<h1>Care</h1><p>Wax your boots.</p>"]),
    "all.zip": made.zipped(
        [("a.txt", "Lost keys are kept at the desk"), ("deep/b.docx", made.docx(made.paragraph("Dogs are welcome")))]
    ),
}
TWO = ("manual.pdf", "all.zip")
HOSTILE = {
    "scan.pdf": made.scan(),
    "bomb.docx": made.bomb(),
    "lie.pdf": b"MZ this is a program",
}


def read(page: Page, sentence: str) -> None:
    """Wait for a line of the import report; each file may need a process of its own."""
    expect(page.get_by_text(sentence, exact=True)).to_be_visible()


def test_every_kind_of_list_is_read_on_the_playground(visit: Visit) -> None:
    """Seven files one after the other: encodings, a bad row by its line, columns; and they are reranked."""
    page = visit().open("/?example=own")
    page.get_by_label("Query", exact=True).fill("I forgot my password")
    page.get_by_label("Query", exact=True).blur()
    settle(page)
    upload(page, TABLES)
    for name in TABLES:
        read(page, f"{name}: 2 documents" + (" from 3 rows; 1 row left out" if name == "kb.csv" else ""))
    expect(page.get_by_text("14 documents: 2 from list.txt, 2 from notes.md")).to_be_visible()
    settle(page)
    page.get_by_text("This file: 1 place was left out or needs a look").click()
    settle(page)
    assert serious_findings(page) == []
    page.get_by_role("button", name="Rerank").first.click()
    page.get_by_role("heading", name="Reranked order").wait_for()
    settle(page)
    expect(texts(page).first).to_contain_text(RESET)


def test_another_sheet_is_chosen_on_the_playground(visit: Visit) -> None:
    """The sheet's own documents take the place of the first one's."""
    page = visit(phone=True).open("/?example=own")
    upload(page, {"kb.xlsx": TABLES["kb.xlsx"]})
    read(page, "kb.xlsx: 2 documents")
    settle(page)
    choose(page, "Sheet", "More")
    read(page, "1 document from kb.xlsx")
    settle(page)
    assert not scrolls_sideways(page)


def test_every_kind_of_document_goes_into_a_knowledge_base(visit: Visit) -> None:
    """Papers, mails, books and archives are found by what they say; what cannot be read is a sentence each."""
    page = visit().open("/search")
    page.get_by_text("Manage", exact=True).click()
    page.get_by_label("Name", exact=True).fill("All kinds")
    page.get_by_label("Name", exact=True).blur()
    settle(page)
    upload(page, {**PAPERS, **HOSTILE, "kb.csv": TABLES["kb.csv"]})
    for name in PAPERS:
        read(page, f"{name}: {'2 documents' if name in TWO else '1 document'}")
    read(page, "kb.csv: 2 documents from 3 rows; 1 row left out")
    for name in HOSTILE:
        expect(page.get_by_text(f"{name}: No documents")).to_be_visible()
    settle(page)
    assert serious_findings(page) == []
    page.locator('[data-testid="stBaseButton-secondary"]').filter(has_text="Create").click()
    read(page, "11 passages are in the new knowledge base.")
    settle(page)
    expect(page.get_by_text("stolen")).to_have_count(0)
    for question, answer in (("where are lost keys", "Lost keys"), ("the hub blinks red", "The hub blinks red")):
        unfold(page)
        page.get_by_label("Question", exact=True).fill(question)
        page.get_by_label("Question", exact=True).press("Control+Enter")
        expect(texts(page).first).to_contain_text(answer)
        settle(page)


def test_what_cannot_be_read_says_why(visit: Visit) -> None:
    """A scan without text, a bomb and a lie each have their reason in the report, and the page works on."""
    page = visit().open("/?example=own")
    for name, reason in (("scan.pdf", "scan"), ("bomb.docx", "unpack"), ("lie.pdf", "PDF")):
        upload(page, {name: HOSTILE[name]})
        expect(page.get_by_text(f"{name}: No documents")).to_be_visible()
        settle(page)
        page.get_by_text("left out or need").last.click()
        settle(page)
        # A grid draws on a canvas and keeps its cells' words beside it.
        expect(page.locator('[data-testid="stDataFrame"] [role="gridcell"]').nth(1)).to_contain_text(reason)
        page.get_by_role("button", name="Remove file").click()
        settle(page)
    upload(page, {"list.txt": TABLES["list.txt"]})
    read(page, "2 documents from list.txt")


def test_a_query_set_comes_in_as_documents_do(visit: Visit) -> None:
    """Background, the same report, and the same choices: a table whose first row is data, in an old encoding."""
    page = visit().open("/evaluate?step=Query%20set")
    page.get_by_text("Add your own queries").click()
    rows = [("сброс пароля", "Откройте настройки", 3), ("часы работы", "С девяти до пяти", 2)]
    table = "query;document;rating\n" + "".join(f"{query};{text};{grade}\n" for query, text, grade in rows)
    upload(page, {"set.csv": table.encode("koi8-r"), "judgments.qrels": b"q 0 d 1\nq 0\n"})
    read(page, "set.csv: Spreadsheet, 2 queries, 2 results, 2 ratings")
    read(page, "judgments.qrels: TREC qrels, 1 query, 1 rating")
    expect(page.get_by_text("This file: 1 place was left out or needs a look")).to_be_visible()
    settle(page)
    page.get_by_text("Columns", exact=True).click()
    choose(page, "First row", "Data")
    read(page, "set.csv: Spreadsheet, 0 queries, 3 documents, 0 ratings")
    settle(page)
    assert serious_findings(page) == []
    choose(page, "First row", "Column names")
    read(page, "set.csv: Spreadsheet, 2 queries, 2 results, 2 ratings")


def test_what_was_uploaded_after_the_last_run_survives_a_reload(visit: Visit) -> None:
    """The file and its documents are there, and the result of before is still shown, with a word on what changed; a
    knowledge base that was not made yet keeps its files too. The address holds an id and none of the texts."""
    page = visit().open("/")
    page.get_by_role("heading", name="Reranked order").wait_for()
    order = texts(page).all_inner_texts()
    upload(page, {"list.txt": TABLES["list.txt"]})
    read(page, "list.txt: 2 documents")
    settle(page)
    page.reload()
    read(page, "list.txt: 2 documents")
    expect(page.get_by_text(re.compile("2 from list.txt"))).to_be_visible()
    settle(page)
    assert texts(page).all_inner_texts() == order
    expect(page.get_by_text("changed since this run")).to_be_visible()
    assert "forgotten" not in page.url

    page = visit().open("/search")
    page.locator("label").filter(has_text="Manage").click()
    settle(page)
    upload(page, {"notes.md": TABLES["notes.md"]})
    read(page, "notes.md: 2 documents")
    settle(page)
    page.reload()
    read(page, "notes.md: 2 documents")


@pytest.fixture
def held_server(tmp_path: Path) -> Iterator[Server]:
    """An app whose reader stops at the first page of what is called slow."""
    running = start_server(tmp_path, script=Path(__file__).with_name("held_server.py"))
    yield running
    running.stop()


def test_a_long_read_is_seen_survives_a_reload_and_can_be_cancelled(held_server: Server, visit: Visit) -> None:
    """Progress names the file and the page; the address finds it again; Cancel keeps what was read before."""
    page = visit(at=held_server).open("/?example=own")
    page.get_by_label("Query", exact=True).fill("boots")
    page.get_by_label("Query", exact=True).blur()
    settle(page)
    pages = made.manual(3)
    upload(page, {"list.txt": TABLES["list.txt"], "slow.pdf": pages, "other.pdf": pages})
    read(page, "2 documents from list.txt")
    expect(page.get_by_text("slow.pdf: page 1 of 3")).to_be_visible()
    page.reload()
    expect(page.get_by_role("button", name="Cancel reading")).to_be_visible()
    expect(page.get_by_label("Query", exact=True)).to_have_value("boots")
    expect(page.get_by_text("list.txt: 2 documents", exact=True)).to_be_visible()
    expect(page.get_by_text("slow.pdf: page 1 of 3")).to_be_visible()
    page.get_by_role("button", name="Cancel reading").click()
    expect(page.get_by_text("Reading was stopped.")).to_be_visible()
    expect(page.get_by_text("list.txt: 2 documents", exact=True)).to_be_visible()
    settle(page)
    page.reload()
    expect(page.get_by_text("list.txt: 2 documents", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Cancel reading")).to_have_count(0)
