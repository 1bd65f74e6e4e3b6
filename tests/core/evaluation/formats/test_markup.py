"""HTML in the documents of a query set: read as its text, said once, and kept on request."""

from __future__ import annotations

import gzip
import io
import json
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

import rerank_core as rc
from rerank_core.errors import InvalidDocumentsError
from rerank_core.evaluation import Imported, read
from rerank_core.evaluation.formats.isolated import read_isolated
from rerank_core.evaluation.formats.markup import markup_read

PAGE = '<div class=""body""><p>Open <b>Settings</b>&nbsp;&gt; Security and choose Reset password.</p></div>'
OTHER = "<p>Our <b>billing</b> class &amp; late invoices.</p>"
CSV = f'query,document,rating\nreset password,"{PAGE}",3\nreset password,"{OTHER}",0\n'
TEXTS = ("Open Settings > Security and choose Reset password.", "Our billing class & late invoices.")
NOTE = "HTML in the texts was read as text: without tags, with characters such as &amp; resolved."


def test_html_descriptions_are_read_as_their_text() -> None:
    """What goes by its text goes by the new one, with its ratings and its place."""
    for imported in (read("a.csv", CSV.encode()), read_isolated("a.csv", CSV.encode())):
        assert tuple(imported.documents.values()) == TEXTS
        assert imported.run == {"reset password": TEXTS}
        assert imported.judgments == {"reset password": {TEXTS[0]: 3, TEXTS[1]: 0}}
        assert (imported.markup, imported.reading_notes.count(NOTE)) == (True, 1)


def test_html_descriptions_score_as_plain_ones_do() -> None:
    """The tags neither hide the right document nor cost anything."""
    plain = f"query,document,rating\nreset password,{TEXTS[0]},3\nreset password,{TEXTS[1]},0\n"
    found = [read("a.csv", data.encode()).documents for data in (CSV, plain)]
    with rc.Client("local") as client:
        scores = [
            [one.relevance_score for one in client.rerank("reset password", list(texts.values())).results]
            for texts in found
        ]
    assert scores[0] == pytest.approx(scores[1])


def test_reading_html_as_text_can_be_switched_off() -> None:
    """What was brought stays as it is, and the import says that HTML is there."""
    for reader in (read, read_isolated):
        imported = reader("a.csv", CSV.encode(), columns={"markup": "keep"})
        assert list(imported.documents) == [PAGE.replace('""', '"'), OTHER]
        assert (imported.markup, NOTE in imported.reading_notes) == (False, False)
    with pytest.raises(InvalidDocumentsError, match="The markup is 'maybe'"):
        read("a.csv", CSV.encode(), columns={"markup": "maybe"})


def test_a_file_without_html_says_nothing_of_it() -> None:
    """Nothing was decided, so there is nothing to choose; "<" alone is no HTML."""
    imported = read("a.csv", b"query,document,rating\nq,R&D at 3 < 4,1\nq,two,0\n")
    assert (imported.markup, imported.reading_notes) == (None, ())
    assert markup_read(imported) is imported


def beir(text: str) -> bytes:
    """A folder of BEIR with one document."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as folder:
        folder.writestr("x/corpus.jsonl", json.dumps({"_id": "d1", "title": "A &amp; B &amp; C", "text": text}) + "\n")
        folder.writestr("x/queries.jsonl", json.dumps({"_id": "q1", "text": "one"}) + "\n")
        folder.writestr("x/qrels/test.tsv", "query-id\tcorpus-id\tscore\nq1\td1\t1\n")
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.csv", b"query,id,document\none,d1,<p>A <b>mug</b>.</p>\n"),
        ("a.csv.gz", gzip.compress(b"query,id,document\none,d1,<p>A <b>mug</b>.</p>\n")),
        ("rows.json", json.dumps([{"query": "one", "id": "d1", "document": "<p>A <b>mug</b>.</p>"}]).encode()),
        ("a.zip", beir("<p>A <b>mug</b>.</p>")),
        ("docs.csv", b"id,text\nd1,<p>A <b>mug</b>.</p>\nd2,<p>A pot.</p>\n"),
    ],
)
def test_every_reader_reads_html_as_text(name: str, data: bytes) -> None:
    """In one place for all formats."""
    imported = read(name, data)
    assert imported.documents["d1"] == "A mug."
    assert imported.markup is True


def test_titles_and_other_columns_are_read_as_text_too() -> None:
    """The note names them; ids stay what they are."""
    rows = (
        "query,id,title,document,specs\n"
        "q,<b>1</b>,Black &amp; white,<p>A mug.</p>,<ul><li>2 kg</li><li>red</li></ul>\n"
        "q,2,Tea &amp; milk,<p>A pot.</p>,\n"
    )
    imported = read("a.csv", rows.encode())
    assert imported.documents == {"<b>1</b>": "A mug.", "2": "A pot."}
    assert imported.titles == {"<b>1</b>": "Black & white", "2": "Tea & milk"}
    assert imported.metadata == {"<b>1</b>": {"specs": "2 kg\nred"}}
    assert "HTML in the texts, 'title' and 'specs' was read as text" in imported.reading_notes[-1]


def test_a_document_without_words_is_kept_and_named() -> None:
    """Left out it would take its ratings with it."""
    imported = read("a.csv", b"query,id,document,rating\nq,1,<p><img src=x></p>,2\nq,2,<p>A pot.</p>,1\n")
    assert imported.documents == {"1": "<p><img src=x></p>", "2": "A pot."}
    assert imported.judgments == {"q": {"1": 2, "2": 1}}
    assert [problem.reason for problem in imported.problems] == [
        "1 document holds HTML and no words, such as '1'. It was kept as it is."
    ]


def test_two_ways_to_write_one_text_stay_two_documents() -> None:
    """No rating moves to another document."""
    imported = read("a.csv", b"query,document,rating\nq,A mug.,3\nq,<p>A mug.</p>,1\nq,<p>A <b>mug</b>.</p>,0\n")
    assert sorted(imported.judgments["q"].values()) == [0, 1, 3]
    assert imported.judgments["q"]["A mug."] == 3
    assert set(imported.documents.values()) == {"A mug."}


WORDS = st.sampled_from(["a", "<p>a</p>", "<p>a", "b &amp; c", "<b>b</b>", "<br>", "a<br>b", "c < d", ""])


@given(st.dictionaries(WORDS, WORDS, max_size=6), st.booleans())
def test_reading_html_loses_no_document_and_no_rating(texts: dict[str, str], by_text: bool) -> None:
    """Names change together, each to one of its own."""
    documents = {text: text for text in texts.values()} if by_text else texts
    before = Imported(
        "table",
        documents=documents,
        run={"q": tuple(documents)},
        judgments={"q": dict.fromkeys(documents, 1)},
        titles=dict(documents),
    )
    after = markup_read(before)
    assert len(after.documents) == len(documents)
    assert set(after.run["q"]) == set(after.judgments["q"]) == set(after.titles) == set(after.documents)
    assert markup_read(before, as_text=False).documents == documents
