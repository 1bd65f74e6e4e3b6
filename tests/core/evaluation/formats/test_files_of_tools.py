"""Files as evaluation tools save them: packed, in a ZIP with other parts, with a second id, with saturated scores."""

from __future__ import annotations

import gzip
import io
import json
import struct
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rerank_core.evaluation import read, write
from rerank_core.evaluation.formats import gzipped
from rerank_core.evaluation.formats.imported import Imported
from rerank_core.evaluation.formats.registry import read_directly


def reads(name: str, data: str | bytes) -> Imported:
    """What a file is taken for."""
    return read_directly(name, data.encode() if isinstance(data, str) else data, "auto", None)


def zipped(**parts: str | bytes) -> bytes:
    """A ZIP with these parts; two underscores in a name stand for a slash, "_DOT_" for a dot."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("c/corpus.jsonl", '{"_id": "d1", "title": "A", "text": "Reset"}\n')
        archive.writestr("c/queries.jsonl", '{"_id": "q1", "text": "forgot"}\n')
        for name, text in parts.items():
            archive.writestr(name.replace("__", "/").replace("_DOT_", "."), text)
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("c/qrels/test.jsonl", '{"query-id": "q1", "corpus-id": "d1", "score": 1}\n'),
        ("c/qrels/test.txt", "q1 0 d1 1\n"),
        ("c/qrels/test.csv", "query-id,corpus-id,score\nq1,d1,1\n"),
        ("c/qrels/test.tsv", "query-id\titeration\tcorpus-id\tscore\nq1\t0\td1\t1\n"),
        ("c/qrels/test.tsv", "q1 0 d1 1\n"),
        ("c/qrels/test.tsv", "query-id\tcorpus-id\tscore\nq1\td1\t1\n"),
        ("c/qrels/test.tsv.gz", gzip.compress(b"query-id\tcorpus-id\tscore\nq1\td1\t1\n")),
    ],
)
def test_judgments_of_a_collection_in_any_layout(name: str, text: str | bytes) -> None:
    """JSON lines, commas, blanks, four columns, packed."""
    found = reads("c.zip", zipped(**{name: text}))
    assert found.judgments == {"q1": {"d1": 1}}
    assert not found.problems


@pytest.mark.parametrize("mark", ["\t", ","])
@pytest.mark.parametrize("header", ["query-id,corpus-id,score\n", "query-id,iteration,corpus-id,score\n"])
@pytest.mark.parametrize("query", ['"q1', 'q1"', '24" tv'])
def test_a_mark_in_judgments_swallows_no_lines(mark: str, header: str, query: str) -> None:
    """Ids with a quotation mark that opens and closes nothing, and one between two of them."""
    middle = "0," if "iteration" in header else ""
    rows = [f"{query},{middle}d1,1\n", f"q2,{middle}d2,2\n", f'"q ""3""",{middle}d"3,3\n', f"q4,{middle}d4,1\n"]
    found = reads("c.zip", zipped(c__qrels__test_DOT_tsv="".join([header, *rows]).replace(",", mark)))
    assert found.judgments == {query: {"d1": 1}, "q2": {"d2": 2}, 'q "3"': {'d"3': 3}, "q4": {"d4": 1}}
    assert not found.problems


def test_what_a_collection_has_besides_is_named() -> None:
    """A second collection, a Parquet file, a readme; and a corpus that is one list is read."""
    parts = {"c/qrels/test.tsv": "q1 0 d1 1\n", "d/corpus.jsonl": "{}", "c/qrels/x.parquet": b"PAR1", "README": "x"}
    found = reads("c.zip", zipped(**parts))
    (problem,) = found.problems
    assert all(name in problem.reason for name in ("d/corpus.jsonl", "c/qrels/x.parquet", "README"))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("corpus.json", json.dumps([{"_id": "d1", "title": "", "text": "Reset"}]))
    assert reads("c.zip", out.getvalue()).documents == {"d1": "Reset"}


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("a.run.gz", "q1 Q0 a 1 9.5 t\nq1 Q0 b 2 8.5 t\n", "trec-run"),
        ("a.qrels.gz", "q1 0 a 1\n", "trec-qrels"),
        ("corpus.jsonl.gz", '{"_id": "d1", "title": "", "text": "Reset"}\n', "beir"),
        ("a.csv.gz", "query,id,document\ntv,1,A set\n", "table"),
    ],
)
def test_packed_files_are_unpacked(name: str, text: str, kind: str) -> None:
    """In a process of their own, as workbooks are."""
    assert read(name, gzip.compress(text.encode())).kind == kind


def test_a_packed_file_is_unpacked_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Damaged, cut off, too large and packed twice: a sentence each."""
    whole = gzip.compress(b"q1 0 a 1\n" * 100)
    assert "too early" in reads("a.gz", whole[:-9]).problems[0].reason
    assert "another one" in reads("a.gz", gzip.compress(whole)).problems[0].reason
    assert "damaged" in reads("a.gz", whole[:-8] + bytes(8)).problems[0].reason
    assert len(reads("a.gz", gzip.compress(b"q1 0 a 1\n") + gzip.compress(b"q1 0 b 1\n")).judgments["q1"]) == 2
    monkeypatch.setattr(gzipped, "COLLECTION_LIMITS", gzipped.COLLECTION_LIMITS.__class__(file_bytes=50))
    assert "limit" in reads("a.gz", whole).problems[0].reason


@settings(max_examples=50)
@given(st.binary(max_size=60))
def test_any_bytes_behind_a_gzip_mark_are_read_or_refused(data: bytes) -> None:
    """Never anything but an import."""
    assert reads("a.gz", b"\x1f\x8b\x08" + data) is not None


def test_docno_is_the_id_where_docid_is_a_running_number() -> None:
    """As PyTerrier saves results."""
    found = reads("a.csv", "qid,docid,docno,rank,score,query\n1,743,744,0,9.5,reactions\n1,744,745,1,8.2,reactions\n")
    assert found.run == {"1": ("744", "745")}


@pytest.mark.parametrize(
    "text",
    [
        "query-id,corpus-id,score\n1,31,1\n3,14,2\n",
        "q_id,doc_id,score\n1,31,1\n3,14,2\n",
        '{"query-id": "1", "corpus-id": "31", "score": 1}\n{"query-id": "3", "corpus-id": "14", "score": 2}\n',
    ],
)
def test_numbers_of_judgments_that_are_called_scores(text: str) -> None:
    """BEIR's and ranx's judgments between commas and as JSON lines are ratings; that is said."""
    found = reads("a.jsonl" if text.startswith("{") else "a.csv", text)
    assert found.judgments == {"1": {"31": 1}, "3": {"14": 2}}
    assert not any(found.run.values())
    assert "ratings" in " ".join(found.reading_notes)


def test_scores_beside_ids_stay_scores_where_they_have_decimals() -> None:
    """As ir-measures saves a run."""
    assert reads("a.csv", "query_id,doc_id,score\nq1,d2,0.5\nq1,d1,0.9\n").run == {"q1": ("d1", "d2")}


def test_letor_and_features_without_documents() -> None:
    """The id stands behind "docid ="; where no line names one, one sentence says so."""
    found = reads(
        "a.txt", "2 qid:10 1:0.05 46:0.07 #docid = GX029 inc = 0.01 prob = 0.1\n0 qid:10 1:0.2 #docid = GX030\n"
    )
    assert found.judgments == {"10": {"GX029": 2, "GX030": 0}}
    assert not found.queries
    found = reads("a.txt", "2 qid:10 1:3 2:0.5\n0 qid:10 1:2 2:0\n")
    assert not found.judgments
    assert any("name no documents" in problem.reason for problem in found.problems)


LABELLED = (
    '"annotation_id","annotator","doc_id","document","id","query","rating"\r\n'
    '10,"1","d1","a laptop",1,"laptop","[{""rating"":4}]"\r\n'
    '11,"2","d1","a laptop",1,"laptop","[{""rating"":3}]"\r\n'
    '20,"1","d2","a tv",2,"laptop","[{""rating"":1}]"\r\n'
)


@pytest.mark.parametrize("text", [LABELLED, "query,docid,rater,rating\nlaptop,d1,1,4\nlaptop,d1,2,3\nlaptop,d2,1,1\n"])
def test_each_rater_of_a_table_is_kept(text: str) -> None:
    """Label Studio's CSV and tidy rows."""
    found = reads("a.csv", text)
    assert found.raters == {"1": {"laptop": {"d1": 4, "d2": 1}}, "2": {"laptop": {"d1": 3}}}
    assert found.judgments == {"laptop": {"d1": 3, "d2": 1}}
    assert not found.problems


def by_trec_eval(text: str) -> list[str]:
    """The order that trec_eval makes of a run: scores in 32 bits, ties by the id, the last first."""
    lines = [line.split() for line in text.splitlines()]
    keys = {cells[2]: (struct.unpack("f", struct.pack("f", float(cells[4])))[0], cells[2].encode()) for cells in lines}
    return sorted(keys, key=keys.__getitem__, reverse=True)


def test_a_saturated_run_is_the_same_here_and_in_trec_eval() -> None:
    """Scores that differ in 64 bits only keep their order in what is downloaded, and it is said that they are such."""
    scores = {"a": 0.9999999943972036, "b": 0.9999999847700205, "c": 0.999999974890009, "d": 0.8807970779778823}
    found = reads("a.run", "".join(f"q1 Q0 {name} 1 {score!r} m\n" for name, score in scores.items()))
    assert found.run["q1"] == ("a", "b", "c", "d")
    assert "trec_eval" in found.reading_notes[0]
    assert by_trec_eval(write("trec-run", found).decode()) == ["a", "b", "c", "d"]


@given(st.dictionaries(st.text("abc", min_size=1, max_size=4), st.floats(-1e30, 1e30), min_size=1, max_size=6))
def test_any_run_leaves_in_the_order_that_trec_eval_makes_of_it(scores: dict[str, float]) -> None:
    """Whatever its scores are."""
    order = tuple(sorted(scores, key=lambda name: (scores[name], name.encode()), reverse=True))
    written = write("trec-run", Imported("trec-run", run={"q": order}, scores={"q": scores}))
    assert by_trec_eval(written.decode()) == list(order)


@pytest.mark.parametrize(
    "header",
    ["Top queries", "Häufigste Suchanfragen", "Requêtes les plus fréquentes", "Consultas principales",
     "Query principali",
     "Principais consultas", "Populairste zoekopdrachten", "Keyword"],
)  # fmt: skip
def test_lists_of_queries_from_search_consoles(header: str) -> None:
    """In each language; clicks and places are left out, and that is said."""
    rows = 'red shoes,120,3400,"3,53 %","4,2"\nblue,8,9,4%,7\n'
    found = reads("Queries.csv", f"{header},Clicks,Impressions,CTR,Position\n{rows}")
    assert list(found.queries) == ["red shoes", "blue"]
    assert not found.documents
    assert not found.run
