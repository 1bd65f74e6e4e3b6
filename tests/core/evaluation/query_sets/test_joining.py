"""Ratings stay with the documents that were rated, whatever the ids of several rows or files are."""

from __future__ import annotations

import io
import itertools
import zipfile
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rerank_core.evaluation import measure
from rerank_core.evaluation.formats.imported import Imported
from rerank_core.evaluation.formats.merging import renamed
from rerank_core.evaluation.formats.reading import read
from rerank_core.evaluation.query_sets.addresses import by_address
from rerank_core.evaluation.query_sets.query_set import QuerySet
from rerank_core.evaluation.query_sets.sources import from_files

PER_QUERY = """query,id,document,rating
reset password,1,How to reset the password,3
reset password,2,Where to find the invoice,0
reset password,3,Open a port on the router,0
invoice,1,Where to find the invoice,3
invoice,2,Change the battery of the sensor,0
invoice,3,How to reset the password,0
router port,1,Open a port on the router,3
router port,2,How to reset the password,0
router port,3,Where to find the invoice,0
"""


def ndcg(made: QuerySet) -> float:
    """nDCG@10 of the initial order."""
    return measure(made.combined(), made.initial, ["nDCG@10"])["nDCG@10"].mean


def by_text(made: QuerySet) -> dict[str, dict[str, int]]:
    """Query text to document text to grade."""
    texts = {name: document.text for name, document in made.documents.items()}
    return {
        made.query(query).text: {texts.get(name, name): grade for name, grade in own.items()}
        for query, own in made.combined().items()
    }


def test_ids_that_begin_anew_at_each_query_name_no_document() -> None:
    """The figures are those without the ids: 4 texts, 9 ratings, each on the text that was rated."""
    made = from_files(read("sheet.csv", PER_QUERY.encode()))
    plain = from_files(read("sheet.csv", "".join(_without_id(line) for line in PER_QUERY.splitlines()).encode()))
    assert by_text(made) == by_text(plain)
    assert by_text(made)["invoice"]["Where to find the invoice"] == 3
    assert len(made.documents) == 4
    assert sum(map(len, made.combined().values())) == 9
    assert ndcg(made) == ndcg(plain) == 1.0
    assert [problem.line for problem in made.problems] == [0]
    assert "goes by its text" in made.problems[0].reason


def _without_id(line: str) -> str:
    query, _, *rest = line.split(",")
    return ",".join([query, *rest]) + "\n"


@pytest.mark.parametrize("order", [*itertools.permutations(range(3))])
def test_the_order_of_the_rows_moves_no_rating(order: tuple[int, ...]) -> None:
    """Whichever query comes first, each rating is on the text of its row."""
    header, *rows = PER_QUERY.splitlines()
    blocks = [rows[3 * place : 3 * place + 3] for place in order]
    made = from_files(read("sheet.csv", "\n".join([header, *itertools.chain(*blocks)]).encode()))
    for row in rows:
        query, _, text, rating = row.split(",")
        assert by_text(made)[query][text] == int(rating)


def test_several_passages_of_one_document_keep_their_own_ratings() -> None:
    """A document id that stands at each of its passages."""
    text = "query,id,document,rating\nq,kb1,Open Settings,0\nq,kb1,Choose Reset,3\nq,kb2,Call us,1\n"
    made = from_files(read("chunks.csv", text.encode()))
    assert by_text(made) == {"q": {"Open Settings": 0, "Choose Reset": 3, "Call us": 1}}
    assert made.queries[0].candidates == ("kb1", "Choose Reset", "kb2")


def test_two_files_that_both_number_from_1_are_kept_apart() -> None:
    """Each file's ratings stay with its own texts, whichever comes first."""
    first = read("a.csv", b"query,id,document,rating\nq1,1,Reset the password,3\nq1,2,Find an invoice,0\n")
    second = read("b.csv", b"query,id,document,rating\nq2,1,Opening hours today,3\nq2,2,Reset the password,1\n")
    for parts in ([first, second], [second, first]):
        made = from_files(parts)
        assert by_text(made) == {
            "q1": {"Reset the password": 3, "Find an invoice": 0},
            "q2": {"Opening hours today": 3, "Reset the password": 1},
        }
        assert any("stand for different documents in different files" in note for note in made.notes)


def test_ratings_by_id_reach_the_text_of_their_own_query() -> None:
    """Where ids begin anew at each query, a second file with ratings alone means the ids of that query."""
    texts = read("texts.csv", "".join(line.rpartition(",")[0] + "\n" for line in PER_QUERY.splitlines()).encode())
    ratings = read("ratings.csv", b"query,docid,rating\ninvoice,1,3\nrouter port,1,2\nreset password,1,1\n")
    for parts in ([texts, ratings], [ratings, texts]):
        assert by_text(from_files(parts)) == {
            "invoice": {"Where to find the invoice": 3},
            "router port": {"Open a port on the router": 2},
            "reset password": {"How to reset the password": 1},
        }


def test_a_part_of_a_text_is_no_other_document() -> None:
    """What a search shows of a document, beside its whole text in another file, is the same document."""
    results = read("results.csv", b"query,id,document,rank\nq,d1,Open Settings and choose,1\n")
    corpus = read("corpus.jsonl", b'{"_id": "d1", "text": "Open Settings and choose Reset. Then wait."}\n')
    ratings = read("a.qrels", b"q 0 d1 2\n")
    made = from_files([corpus, results, ratings])
    assert list(made.documents) == ["d1"]
    assert made.combined() == {"q": {"d1": 2}}


CORPUS = (
    b'{"_id":"d1","text":"text number 1"}\n{"_id":"d2","text":"text number 2"}\n{"_id":"d3","text":"text number 3"}\n'
)
RATINGS = b"query_id,doc_id,relevance\nq1,d1,2\nq1,d2,1\nq1,d3,0\n"
RUN = b"q1 Q0 d3 1 3.0 t\nq1 Q0 d2 2 2.0 t\nq1 Q0 d1 3 1.0 t\n"


@pytest.mark.parametrize("order", [*itertools.permutations(("corpus.jsonl", "q.csv", "q.run"))])
def test_a_table_of_ratings_is_no_order(order: tuple[str, ...]) -> None:
    """Whatever the order of the files, the run is measured and not the rows of the ratings, which stand by grade."""
    files = {"corpus.jsonl": CORPUS, "q.csv": RATINGS, "q.run": RUN}
    parts = [read(name, files[name]) for name in order]
    made = from_files(parts)
    assert made.initial == {"q1": ("d3", "d2", "d1")}
    assert ndcg(made) == pytest.approx(0.6199, abs=0.0001)
    assert measure(made.combined(), made.initial, ["RR"])["RR"].mean == 0.5
    assert next(part for part in parts if part.judgments).run == {}


@pytest.mark.parametrize("ranked", [b"query,id,rank\nq,b,1\nq,a,2\n", b"query,id,score\nq,a,0.1\nq,b,0.9\n"])
def test_ranks_and_scores_win_over_the_order_of_rows(ranked: bytes) -> None:
    """Said once for all queries, whichever file comes first."""
    rows = read("rated.csv", b"query,id,document,rating\nq,a,one,3\nq,b,two,0\n")
    results = read("results.csv", ranked)
    for parts in ([rows, results], [results, rows]):
        made = from_files(parts)
        assert made.initial == {"q": ("b", "a")}
        assert sum("the file with ranks or scores" in problem.reason for problem in made.problems) == 1


@pytest.mark.parametrize(
    ("ids", "rated"),
    [
        (["001", "002"], ["1", "2"]),
        (["1", "2"], ["001", "002"]),
        (["101", "102"], ["101.0", "102.0"]),
        (["101.0", "102.0"], ["101", "102"]),
        (["0101", "0102"], ["101.0", "102.0"]),
        (["SKU-1", "SKU-2"], ["sku-1", "sku-2"]),
        (["1460323737035687937", "1460323737035999999"], ["1.46032373703568e+18", "1.46032373703599e+18"]),
        (["1460323737035687937", "1460323737035899999"], ["1460323737035680000", "1460323737035890000"]),
        (["100", "001"], ["100", "1"]),
    ],
)
def test_ids_that_a_program_changed_are_matched_and_can_be_left(ids: list[str], rated: list[str]) -> None:
    """Zeros lost, ".0" gained, capitals, digits cut: the figures are right at once, it is said, and can be undone."""
    rows = "".join(f"q,{name},text of {name},{rank}\n" for rank, name in enumerate(ids, 1))
    results = read("results.csv", f"query,id,document,rank\n{rows}".encode())
    grades = "".join(f"q,{name},{grade}\n" for name, grade in zip(rated, (3, 0), strict=True))
    ratings = read("ratings.csv", f"query,docid,rating\n{grades}".encode())
    for parts in ([results, ratings], [ratings, results]):
        made = from_files(parts)
        assert made.combined() == {"q": dict(zip(ids, (3, 0), strict=True))}
        assert ndcg(made) == 1.0
        assert any("that a program has changed" in note for note in made.notes)
        left = from_files(parts, match_ids=False)
        assert left.combined() == {"q": dict(zip(rated, (3, 0), strict=True))}


def test_pandas_and_excel_name_the_same_documents() -> None:
    """A table with ids and ratings as pandas writes them beside ratings of the same: no rating counts twice."""
    table = read("pandas.csv", b"query,id,document,rating\nlaptop,101.0,x one,3.0\nlaptop,102.0,y two,0.0\n")
    made = from_files([table, read("ratings.csv", b"query,docid,rating\nlaptop,101,3\nlaptop,102,0\n")])
    assert made.combined() == {"laptop": {"101.0": 3, "102.0": 0}}
    assert ndcg(made) == 1.0


def test_ids_that_could_be_several_documents_are_left_alone() -> None:
    """1 may be 01 or 001; what is not plain is not matched."""
    results = read("results.csv", b"query,id,document,rank\nq,01,one,1\nq,001,two,2\n")
    made = from_files([results, read("ratings.csv", b"query,docid,rating\nq,1,3\n")])
    assert made.combined() == {"q": {"1": 3}}
    assert not [note for note in made.notes if "changed" in note]


def test_ids_that_lost_their_digits_are_named() -> None:
    """In one file alone nothing can be matched; the cure is named."""
    made = from_files(read("a.csv", b"query,id,document,rating\nq,1.46032373703568e+18,one,3\nq,1.47e+18,two,0\n"))
    assert any("lost digits" in problem.reason and "as text" in problem.reason for problem in made.problems)


def test_a_document_with_a_title_and_no_text_is_its_title() -> None:
    """The document stays in the collection; one that has neither is named."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(
            "c/corpus.jsonl",
            '{"_id": "d1", "title": "Reset your password", "text": ""}\n'
            '{"_id": "d2", "title": "", "text": "Open Billing."}\n'
            '{"_id": "d3", "title": "", "text": " "}\n',
        )
        archive.writestr("c/queries.jsonl", '{"_id": "q1", "text": "forgot password"}\n')
        archive.writestr("c/qrels/test.tsv", "query-id\tcorpus-id\tscore\nq1\td1\t1\n")
    made = from_files(read("collection.zip", out.getvalue()))
    assert made.documents["d1"].text == "Reset your password"
    assert "d3" not in made.documents
    assert any("'d3'" in problem.reason and "neither a text nor a title" in problem.reason for problem in made.problems)


def test_how_ratings_became_grades_stays_with_the_set() -> None:
    """The page and the report can say that 0.7 counts as 7."""
    made = from_files(read("a.csv", b"query,document,rating\nq,one,0.7\nq,two,1.0\n"))
    assert any("'0.7' counts as 7" in note for note in made.notes)
    both = from_files([Imported("table", judgments={"q": {"a": 3}}), Imported("table", judgments={"q": {"b": 100}})])
    assert any("may be on different scales" in note for note in both.notes)


def test_documents_have_their_other_names_wherever_they_stand():
    """Texts, ratings, places, scores and the ids that stand for a document: none keeps the old name."""
    part = replace(
        read("set.csv", b"query,id,document,rating,score\nq,1,one text,3,0.5\n"), aliases={"q": {"first": "1"}}
    )
    other = renamed(part, lambda _query, name: {"1": "one"}.get(name, name))
    assert dict(other.documents) == {"one": "one text"}
    assert other.judgments == {"q": {"one": 3}}
    assert other.run == {"q": ("one",)}
    assert other.scores == {"q": {"one": 0.5}}
    assert other.aliases == {"q": {"first": "one"}}


DOCS = (
    "id,title,text,url\nd1,Reset,Open Settings,https://help.test/reset\nd2,Bill,Open Billing,https://help.test/bill/\n"
)


@pytest.mark.parametrize(
    "texts",
    [
        ("docs.csv", DOCS),
        ("docs.csv", DOCS.replace("id,title,text,url", "No,Name,Body,Link")),
        ("docs.csv", "title,text,url\n" + "".join(f"{line[3:]}\n" for line in DOCS.splitlines()[1:])),
        (
            "corpus.jsonl",
            '{"_id": "d1", "title": "Reset", "text": "Open Settings", "metadata": {"url": "https://help.test/reset"}}\n'
            '{"_id": "d2", "title": "Bill", "text": "Open Billing", "metadata": {"url": "https://help.test/bill/"}}\n',
        ),
    ],
)
@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("https://help.test/reset", "https://help.test/bill/"),
        ("http://HELP.test/reset/", "https://www.help.test/bill#top"),
        ("/reset", "/bill"),
    ],
)
@pytest.mark.parametrize("header", ["query,url,rating", "Suchbegriff,Link,Bewertung", "query,page_url,rating"])
def test_ratings_by_address_reach_the_document_that_has_it(texts, first: str, second: str, header: str) -> None:
    """Whatever the column is called and however the address is written; a file alone says what it needs."""
    found = read("rated.csv", f"{header}\nreset,{first},3\nreset,{second},0\n".encode())
    assert found.judgments == {"reset": {first: 3, second: 0}}
    documents = read(texts[0], texts[1].encode())
    for parts in ([found, documents], [documents, found]):
        made = from_files(parts)
        assert by_text(made) == {"reset": {"Open Settings": 3, "Open Billing": 0}}
        assert any("2 addresses are taken for the documents" in note for note in made.notes)
    assert any("have no text" in problem.reason for problem in from_files(found).problems)


def test_an_address_that_several_documents_have_names_none() -> None:
    """Chunks of one page; results by address keep their order where it is plain."""
    chunks = read(
        "docs.csv", b"id,text,url\na,one,https://x.test/1\nb,two,https://x.test/1\nc,three,https://x.test/2\n"
    )
    run = read("run.csv", b"query,url,rank\nq,https://x.test/2,1\nq,https://x.test/1,2\n")
    made = from_files([chunks, run])
    assert made.initial == {"q": ("c",)}
    assert any("https://x.test/1" in problem.reason for problem in made.problems)


@given(st.text(max_size=30), st.text(max_size=30))
def test_any_text_may_stand_for_an_address(given_: str, known: str) -> None:
    """Odd brackets and ports raise nothing."""
    documents = Imported("table", documents={"d": "text"}, metadata={"d": {"url": f"https://{known}"}})
    ratings = Imported("table", judgments={"q": {f"https://{given_}": 1}})
    assert by_address([documents, ratings]).get(1, {}).keys() <= {f"https://{given_}"}
