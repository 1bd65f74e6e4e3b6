# ruff: noqa: E501  # files as tools write them, a line a record
"""Every file that evaluation tools and public bug reports show: an input of its own for each, and the right value.

K numbers are kinds of the collection of cases that issue 8 names, A numbers the items of its comparison with other
tools; inputs are made anew here. Neighbours of each kind stand in the tests of the readers.
"""

from __future__ import annotations

import io
import json
import struct
import zipfile
from math import log2
from typing import Any

import pytest

from rerank_core.evaluation import measure, read, write
from rerank_core.evaluation.formats.imported import Imported
from rerank_core.evaluation.formats.registry import read_directly
from rerank_core.evaluation.query_sets.query_set import QuerySet
from rerank_core.evaluation.query_sets.sources import from_files
from tests.support import made_files


def reads(name: str, data: Any) -> Imported:
    """What a file is taken for; text is written as UTF-8 and anything else as JSON."""
    if not isinstance(data, bytes):
        data = (data if isinstance(data, str) else json.dumps(data)).encode()
    return read_directly(name, data, "auto", None)


def said(found: Imported) -> str:
    """Everything that the import tells a person."""
    return " ".join([*found.reading_notes, *(problem.reason for problem in found.problems)])


def first_figures(made: QuerySet) -> tuple[float, float]:
    """nDCG@10 and RR of the order that the files bring."""
    found = measure(made.combined(), made.initial, ["nDCG@10", "RR"])
    return round(found["nDCG@10"].mean, 4), round(found["RR"].mean, 4)


def zipped(**parts: str | bytes) -> bytes:
    """A ZIP with these parts; two underscores in a name stand for a slash, "_DOT_" for a dot."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name.replace("__", "/").replace("_DOT_", "."), text)
    return out.getvalue()


CORPUS = '{"_id": "x1", "title": "Cancel", "text": "your order"}\n{"_id": "x2", "title": "", "text": "Send it back"}\n'
QUERIES = '{"_id": "a", "text": "stop a parcel"}\n{"_id": "b", "text": "wrong size"}\n'
TWO = {"a": {"x1": 1}, "b": {"x2": 1}}


def test_k1_76_a_document_with_a_title_alone_stays() -> None:
    """The title is its text."""
    corpus = CORPUS.replace('"your order"', '""')
    data = zipped(corpus_DOT_jsonl=corpus, queries_DOT_jsonl=QUERIES, qrels__test_DOT_tsv="a 0 x1 1\n")
    made = from_files(reads("set.zip", data))
    assert made.documents["x1"].text == "Cancel"
    assert made.combined() == {"a": {"x1": 1}}


def test_k2_190_ids_that_begin_anew_at_each_query() -> None:
    """The figures are those of the texts: 4 of them, 9 ratings, each on the text that was rated."""
    texts = {
        "c": "How to cancel an order",
        "r": "Where to send a return",
        "h": "When the shops open",
        "l": "A lost parcel",
    }
    ranked = {"cancel": "crh", "return": "rlc", "shops": "hcr"}
    rows = [
        f"{query},{number},{texts[key]},{3 if number == 1 else 0}"
        for query, keys in ranked.items()
        for number, key in enumerate(keys, 1)
    ]
    made = from_files(reads("sheet.csv", "\n".join(["query,id,document,rating", *rows])))
    assert {document.text for document in made.documents.values()} == set(texts.values())
    assert sum(map(len, made.combined().values())) == 9
    by_text = {
        made.query(query).text: {made.documents[name].text: grade for name, grade in own.items()}
        for query, own in made.combined().items()
    }
    assert by_text["return"]["Where to send a return"] == 3
    assert first_figures(made) == (1.0, 1.0)


def test_k2_05_a4_a_run_of_ranks_without_names() -> None:
    """Rank 1 is the best and never grade 1; the file says so, and with ratings beside it they alone are grades."""
    run = "7001\t31\t1\n7001\t32\t2\n7001\t33\t3\n8\t41\t1\n8\t42\t2\n8\t43\t200\n"
    found = reads("results.tsv", run)
    assert (found.run["7001"], found.judgments) == (("31", "32", "33"), {})
    assert "Run with scores" in said(found)
    as_ratings = read("results.tsv", run.replace("200", "20").encode(), "opensearch-judgments")
    assert as_ratings.judgments["8"] == {"41": 1, "42": 2, "43": 20}
    texts = reads("docs.csv", "id,text\n" + "".join(f"{number},text number {number}\n" for number in range(31, 44)))
    made = from_files([found, reads("rated.qrels", "7001 0 31 1\n8 0 41 1\n"), texts])
    assert made.combined() == {"7001": {"31": 1}, "8": {"41": 1}}
    assert first_figures(made)[0] == 1.0


@pytest.mark.parametrize("ending", ["txt", "qrels"])
def test_k3_124_one_bad_line_among_judgments(ending: str) -> None:
    """20 judgments and one problem, on line 21."""
    lines = [f"t{number} 0 p{number} {number % 3}" for number in range(20)] + ["t22 0 p22"]
    found = reads(f"rated.{ending}", "\n".join(lines))
    assert (found.kind, sum(map(len, found.judgments.values()))) == ("trec-qrels", 20)
    assert [problem.line for problem in found.problems] == [21]


def test_k3_12_a_header_above_judgments() -> None:
    """As pandas writes it."""
    found = reads("rated.txt", "query_id iter doc_id relevance\n5 0 p1 2\n5 0 p2 0\n6 0 p3 1\n")
    assert found.judgments == {"5": {"p1": 2, "p2": 0}, "6": {"p3": 1}}


def test_k3_topics_are_queries() -> None:
    """By number and title; the tags are none."""
    topic = "<top>\n<num> Number: {0}\n<title> river dams {0}\n<desc> Description:\nFind dams.\n</top>\n\n"
    found = reads("topics.txt", "".join(map(topic.format, (301, 302, 303))))
    assert found.queries == {str(number): f"river dams {number}" for number in (301, 302, 303)}
    assert not found.problems


def test_k10_01_a6_fractions_are_gains() -> None:
    """All five are kept, in the order of their size, and the factor is said once."""
    found = reads("r.csv", "query,docid,rating\nlamp,L1,1.0\nlamp,L2,0.7\nlamp,L3,0.1\ncable,L4,0.5\ncable,L5,0.0\n")
    grades = {name: grade for own in found.judgments.values() for name, grade in own.items()}
    assert grades["L1"] > grades["L2"] > grades["L3"] > grades["L5"]
    assert grades["L4"] > grades["L5"]
    assert said(found).count("times 10") == 1
    means = reads("r.csv", "query,document,rating\nq,one,0.33\nq,two,2.67\nq,three,1\n")
    by_hand = (0.33 + 2.67 / log2(3) + 1 / 2) / (2.67 + 1 / log2(3) + 0.33 / 2)
    assert first_figures(from_files(means))[0] == pytest.approx(by_hand, abs=0.001)
    assert from_files(means).combined()["q"].keys() == {"one", "two", "three"}


WORDS = {
    "16 A5 letters": ("esci_label", "E,S,C,I", (3, 2, 1, 0)),
    "17 words": ("esci_label", "Exact,Substitute,Complement,Irrelevant", (3, 2, 1, 0)),
    "relevance_label": ("relevance_label", "Exact,Partial,Irrelevant", (3, 1, 0)),
    "130 percent": ("rating", "100%,70%,0%", (3, 2, 0)),
    "133 German": ("rating", "ja,nein,teilweise", (2, 0, 1)),
    "134 stars": ("rating", "★★★,★,", (3, 1, None)),
    "135 slashes": ("rating", "4/5,1/5", (4, 1)),
    "136 crosses": ("rating", "x,", (1, None)),
    "02 as texts": ("rating", "3.000,100.000,1.000", (3, 100, 1)),
}


@pytest.mark.parametrize("case", WORDS)
def test_k10_ratings_of_every_kind(case: str) -> None:
    """Under their usual names, and none is left out while others are kept."""
    name, cells, grades = WORDS[case]
    values = cells.split(",")
    rows = [f"{number},usb hub,4,P{number},us,{value},1,train" for number, value in enumerate(values)]
    text = "\n".join([f"example_id,query,query_id,product_id,product_locale,{name},small_version,split", *rows])
    (own,) = reads("rated.csv", text).judgments.values()
    expected = {f"P{number}": grade for number, grade in enumerate(grades) if grade is not None}
    assert own == expected


@pytest.mark.parametrize(
    ("case", "name", "text"),
    [
        ("77", "qrels/test.jsonl", '{"query-id": "a", "corpus-id": "x1", "score": 1}\n{"query-id": "b", "corpus-id": "x2", "score": 1}\n'),
        ("165", "qrels/test.txt", "a 0 x1 1\nb 0 x2 1\n"),
        ("166", "qrels/test.csv", "query-id,corpus-id,score\na,x1,1\nb,x2,1\n"),
        ("79", "qrels/test.tsv", "a 0 x1 1\nb 0 x2 1\n"),
        ("163", "qrels/test.tsv", "query-id\tQ0\tcorpus-id\tscore\na\t0\tx1\t1\nb\t0\tx2\t1\n"),
    ],
)  # fmt: skip
def test_k11_judgments_of_a_zip(case: str, name: str, text: str) -> None:
    """In any layout of the same collection."""
    parts = {"corpus_DOT_jsonl": CORPUS, "queries_DOT_jsonl": QUERIES, name.replace("/", "__"): text}
    found = reads(f"{case}.zip", zipped(**parts))
    assert found.judgments == TWO
    assert not found.problems


MOUSE: list[tuple[str, Any]] = [
    ("02", {"id": "j", "name": "L", "status": "COMPLETED", "type": "LLM_JUDGMENT",
            "judgmentRatings": [{"query": "desk lamp", "ratings": [{"docId": "L1", "rating": "3.0"},
                                                                   {"docId": "L2", "rating": "0.0"}]}]}),
    ("03", {"requests": [{"id": "r1", "request": {"query": {"match": {"text": "desk lamp"}}},
                          "ratings": [{"_index": "s", "_id": "L1", "rating": 3}, {"_index": "s", "_id": "L2", "rating": 0}]}],
            "metric": {"dcg": {"k": 10, "normalize": True}}}),
    ("Quepid", {"case_id": 4, "case_name": "c", "queries": [{"query_text": "desk lamp",
                "ratings": [{"doc_id": "L1", "rating": 3.0}, {"doc_id": "L2", "rating": 0.0}]}]}),
    ("10", {"desk lamp": {"L1": 3, "L2": 0}}),
    ("84", [{"query": "desk lamp", "documents": [{"id": "L1", "text": "A lamp", "rating": 3},
                                                 {"id": "L2", "text": "A desk", "rating": 0}]}]),
]  # fmt: skip


@pytest.mark.parametrize(("case", "value"), MOUSE)
def test_k6_judgments_as_json(case: str, value: Any) -> None:
    """The text of the query, the ids and the grades."""
    found = reads(f"{case}.json", value)
    (query, own), *rest = found.judgments.items()
    assert (found.queries.get(query, query), own, rest) == ("desk lamp", {"L1": 3, "L2": 0}, [])


def test_k6_other_json_of_evaluation_tools() -> None:
    """A set of queries, a run by score, and the product's own columns as JSON lines."""
    found = reads("s.json", {"name": "n", "querySetQueries": [{"queryText": "desk lamp"}, {"queryText": "cable"}]})
    assert list(found.queries) == ["desk lamp", "cable"]
    run = reads("run.json", {"q_a": {"d_x": 0.2, "d_y": 0.75}, "q_b": {"d_z": 0.5}})
    assert run.run == {"q_a": ("d_y", "d_x"), "q_b": ("d_z",)}
    rows = [
        {"query": "cancel", "document": "How to cancel", "rating": 3},
        {"query": "cancel", "document": "Other", "rating": 0},
    ]
    lines = reads("rows.jsonl", "\n".join(map(json.dumps, rows)))
    table = reads("rows.csv", "query,document,rating\ncancel,How to cancel,3\ncancel,Other,0\n")
    assert (lines.judgments, lines.documents) == (table.judgments, table.documents)


def test_k14_75_total_rows_are_no_queries() -> None:
    """Total and average below the rows."""
    rows = [["query", "document", "rating"], ["lamp", "A desk lamp", 3], ["cable", "A long cable", 1],
            ["Total", None, 4], ["Average", None, 2]]  # fmt: skip
    made = from_files(reads("a.xlsx", made_files.xlsx({"S": rows})))
    assert [query.text for query in made.queries] == ["lamp", "cable"]


@pytest.mark.parametrize(
    ("case", "header", "row"),
    [
        ("18", "Top queries,Clicks,Impressions,CTR,Position", "cancel order,80,2100,3.81%,1.7"),
        ("19", "Häufigste Suchanfragen,Klicks,Impressionen,CTR,Position", 'bestellung ändern,80,2100,"3,81 %","1,7"'),
    ],
)
def test_k16_lists_of_search_consoles(case: str, header: str, row: str) -> None:
    """Queries, and nothing else is made of the other columns."""
    found = reads(f"{case}.csv", f"{header}\n{row}\n")
    assert list(found.queries) == [row.split(",")[0]]
    assert not found.documents
    assert not found.run


def test_a1_a_loose_corpus_brings_the_texts() -> None:
    """Beside a run and judgments, as the page gives them to a set."""
    corpus = reads(
        "corpus.jsonl", "".join(json.dumps({"_id": n, "title": "", "text": f"text {n}"}) + "\n" for n in "xyz")
    )
    run = reads("a.run", "q Q0 z 1 3.0 t\nq Q0 y 2 2.0 t\nq Q0 x 3 1.0 t\n")
    made = from_files([corpus, run, reads("a.qrels", "q 0 x 2\nq 0 y 1\n")])
    assert made.queries[0].candidates == ("z", "y", "x")
    assert set(made.documents) == set("xyz")


@pytest.mark.parametrize("name", ["docs.csv", "docs.tsv", "docs.xlsx", "docs.jsonl"])
def test_a2_documents_of_a_table(name: str) -> None:
    """Beside ratings by their ids."""
    rows = [["doc_id", "title", "text"], ["p1", "One", "the first text"], ["p2", "Two", "the second text"]]
    data: Any = "\n".join(("\t" if name.endswith("tsv") else ",").join(row) for row in rows)
    if name.endswith("xlsx"):
        data = made_files.xlsx({"S": rows})
    if name.endswith("jsonl"):
        data = "\n".join(json.dumps(dict(zip(rows[0], row, strict=True))) for row in rows[1:])
    made = from_files([reads(name, data), reads("r.csv", "query,docid,rating\nq,p1,3\nq,p2,0\n")])
    assert {key: document.text for key, document in made.documents.items()} == {
        "p1": "the first text",
        "p2": "the second text",
    }


def test_a3_a_table_of_ratings_is_no_order() -> None:
    """Whichever comes first, the run is measured: .6199 and .5, as ir-measures has it."""
    corpus = reads("corpus.jsonl", "".join(json.dumps({"_id": f"d{n}", "text": f"text {n}"}) + "\n" for n in (1, 2, 3)))
    ratings = reads("rated.csv", "query_id,doc_id,relevance\nq,d1,2\nq,d2,1\nq,d3,0\n")
    run = reads("a.run", "q Q0 d3 1 3.0 t\nq Q0 d2 2 2.0 t\nq Q0 d1 3 1.0 t\n")
    for parts in ([corpus, ratings, run], [run, ratings, corpus]):
        assert first_figures(from_files(parts)) == (0.6199, 0.5)


def test_a5_titles_and_descriptions_of_products_are_texts() -> None:
    """With the letters of their ratings."""
    text = (
        "query,query_id,product_id,product_title,product_description,esci_label\n"
        "lamp,0,B1,Desk lamp,A lamp for the desk,E\nlamp,0,B2,Bulb,A bulb of ten watts,C\nlamp,0,B3,Sofa,,I\n"
    )
    made = from_files(reads("joined.csv", text))
    assert made.combined() == {made.queries[0].id: {"B1": 3, "B2": 1, "B3": 0}}
    assert made.documents["B1"].text == "A lamp for the desk"
    assert made.documents["B1"].metadata["title"] == "Desk lamp"


@pytest.mark.parametrize("case", ["commas", "lines"])
def test_a7_grades_that_are_called_scores(case: str) -> None:
    """Judgments of a collection saved as CSV or JSON lines are ratings and no run."""
    text = "query-id,corpus-id,score\n1,318,1\n3,147,2\n"
    if case == "lines":
        text = '{"query-id": "1", "corpus-id": "318", "score": 1}\n{"query-id": "3", "corpus-id": "147", "score": 2}\n'
    found = reads("qrels.csv" if case == "commas" else "qrels.jsonl", text)
    assert found.judgments == {"1": {"318": 1}, "3": {"147": 2}}
    assert not any(found.run.values())


def test_a8_docno_is_the_key_of_the_judgments() -> None:
    """.6309 and .5, whichever file comes first."""
    run = reads(
        "run.csv", "qid,docid,docno,rank,score,query\n1,10,11,0,9.5,acids\n1,11,12,1,8.2,acids\n1,20,21,2,8.0,acids\n"
    )
    ratings = reads("rated.csv", "qid,docno,label\n1,11,0\n1,12,2\n1,21,0\n")
    texts = reads("docs.csv", "docno,text\n11,about eleven\n12,about twelve\n21,about more\n")
    for parts in ([run, ratings, texts], [ratings, texts, run]):
        assert first_figures(from_files(parts)) == (0.6309, 0.5)


def test_a9_saturated_scores_are_the_same_in_trec_eval() -> None:
    """The file that is written keeps its order in 32 bits."""
    scores = {"a": 0.9999999943972036, "b": 0.9999999847700205, "c": 0.9999999586006244}
    found = reads("a.run", "".join(f"q Q0 {name} 1 {score!r} m\n" for name, score in scores.items()))
    written = [line.split() for line in write("trec-run", found).decode().splitlines()]
    narrow = {cells[2]: (struct.unpack("f", struct.pack("f", float(cells[4])))[0], cells[2]) for cells in written}
    assert sorted(narrow, key=narrow.__getitem__, reverse=True) == ["a", "b", "c"]


def test_a10_features_with_the_document_in_the_remark() -> None:
    """The id behind "#docid =", or the first word of the remark."""
    letor = "2 qid:10 1:0.05 2:0.0 #docid = GX1-3 inc = 0.1 prob = 0.2\n0 qid:10 1:0.2 2:0.1 #docid = GX2-4 inc = 1 prob = 0.3\n"
    assert reads("a.txt", letor).judgments == {"10": {"GX1-3": 2, "GX2-4": 0}}
    plugin = reads("a.txt", "4 qid:1 1:12.3 2:10.5 # 755 rambo\n3 qid:1 1:10.3 2:11.9 # 137 rambo\n")
    assert list(plugin.judgments.values()) == [{"755": 4, "137": 3}]
    nameless = reads("a.txt", "1 qid:5 1:3 2:0.5\n0 qid:5 1:2 2:0\n")
    assert not nameless.judgments
    assert "name no documents" in said(nameless)


@pytest.mark.parametrize(
    ("text", "judgments", "run"),
    [
        ("q 0 d1 2\nq 0 d2\n", {"q": {"d1": 2}}, {}),
        ("q ITER d1 1 9.0 t\nq ITER d2 2 8.0 t\n", {}, {"q": ("d1", "d2")}),
    ],
)
def test_a11_an_unusual_trec_file_is_no_list_of_queries(text: str, judgments: Any, run: Any) -> None:
    """In a .txt, which most of these files are called."""
    found = reads("file.txt", text)
    assert (found.judgments, {query: order for query, order in found.run.items() if order}) == (judgments, run)


def test_a12_an_answer_of_an_engine_is_no_collection() -> None:
    """What it is, or a question about JSON; never lines of BEIR."""
    hits = {"hits": {"hits": [{"_index": "s", "_id": "L1", "_score": 2.0, "_source": {"text": "A lamp"}}]}}
    found = reads("answer.json", hits)
    assert found.kind != "beir"
    assert found.documents == {"L1": "A lamp"}
    unknown = reads("other.json", {"mappings": {"properties": {"title": {"type": "text"}}}})
    assert unknown.kind != "beir"
    assert "row" not in said(unknown)


@pytest.mark.parametrize(
    ("ids", "rated"),
    [(("001", "002"), ("1", "2")), (("101.0", "102.0"), ("101", "102")),
     (("1460323737035687937", "1470323737035687937"), ("1.46032373703569e+18", "1.47032373703569e+18"))],
)  # fmt: skip
def test_a13_ids_that_a_program_changed(ids: tuple[str, str], rated: tuple[str, str]) -> None:
    """They are matched, said, and can be left as they are; no document counts twice in the ideal order."""
    run = reads("run.csv", "query,id,document,rank\n" + "".join(f"q,{n},text {n},{i}\n" for i, n in enumerate(ids, 1)))
    ratings = reads(
        "rated.csv", "query,docid,rating\n" + "".join(f"q,{n},{g}\n" for n, g in zip(rated, (3, 1), strict=True))
    )
    made = from_files([run, ratings])
    assert first_figures(made) == (1.0, 1.0)
    assert any("a program has changed" in note for note in made.notes)
    assert set(from_files([run, ratings], match_ids=False).combined()["q"]) == set(rated)


@pytest.mark.parametrize("case", ["cells of JSON", "tidy rows"])
def test_a14_each_annotator_is_a_rater(case: str) -> None:
    """None is left out, and the number of a task is no document."""
    text = (
        '"annotation_id","annotator","doc_id","document","id","query","rating"\n'
        '10,"1","k1","a lamp",1,"lamp","[{""rating"":4}]"\n11,"2","k1","a lamp",1,"lamp","[{""rating"":2}]"\n'
    )
    if case == "tidy rows":
        text = "query,docid,rater,rating\nlamp,k1,1,4\nlamp,k1,2,2\n"
    assert reads("rated.csv", text).raters == {"1": {"lamp": {"k1": 4}}, "2": {"lamp": {"k1": 2}}}


def test_a15_decimal_commas_are_decided_by_column() -> None:
    """The best score is the first, though "12,345" alone might be twelve thousand."""
    text = "query;document;id;score;rating\nlamp;A good lamp;7;0,91;3\nlamp;A desk;8;0,125;0\nlamp;A bulb;9;12,345;1\n"
    found = reads("german.csv", text)
    assert list(found.run.values()) == [("9", "7", "8")]
    assert not found.problems


def test_a16_ids_with_blanks_are_said() -> None:
    """More than six parts: never a wrong id with its rank as the score."""
    found = reads("a.run", "q Q0 doc 1 1 9.0 tag\nq Q0 doc 2 2 8.0 tag\n")
    assert not found.run
    assert "7 parts" in said(found)
    mixed = reads("a.run", "q1 Q0 d 1 1 0.9 my model\nq1 Q0 002 2 0.5 my model\n")
    assert mixed.run == {"q1": ("002",)}
    assert [problem.line for problem in mixed.problems] == [1]
