"""Files of queries, ratings and results: read with a report, written back without loss."""

from __future__ import annotations

import io
import statistics
import zipfile
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rerank_core import evaluation
from rerank_core.errors import InvalidRequestError
from rerank_core.evaluation import Imported, merge, read, write
from rerank_core.evaluation.formats.registry import read_directly
from rerank_core.evaluation.query_sets.sources import from_files

# What files can hold: no control characters, no lone surrogates.
CHARACTER = st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufeff") | st.sampled_from(
    "'=+-@\",;\t|"
)
TEXT = st.text(CHARACTER | st.sampled_from("\n\r"), min_size=1, max_size=12).filter(str.strip)
CELL = st.text(CHARACTER, min_size=1, max_size=8).filter(lambda text: text == text.strip() != "")
WORD = st.text(st.characters(exclude_categories=("Cs", "Cc", "Z")), min_size=1, max_size=6).filter(
    lambda text: not text.startswith(("#", "\ufeff")) and "\ufeff" not in text
)
GRADE = st.integers(-127, 127)


def grades(ids: st.SearchStrategy[str], min_size: int = 0) -> st.SearchStrategy[dict[str, int]]:
    """Judgments of one query."""
    return st.dictionaries(ids, GRADE, min_size=min_size, max_size=4)


def orders(ids: st.SearchStrategy[str], min_size: int = 0) -> st.SearchStrategy[tuple[str, ...]]:
    """One result list."""
    return st.lists(ids, unique=True, min_size=min_size, max_size=5).map(tuple)


@st.composite
def ratings(draw: st.DrawFn, empty: bool) -> dict[str, Any]:
    """What a ratings file holds."""
    judgments = draw(st.dictionaries(CELL, grades(CELL, 1), min_size=1, max_size=4))
    alone = draw(st.lists(CELL, max_size=2)) if empty else []
    return {"queries": {query: query for query in [*judgments, *alone]}, "judgments": judgments}


@st.composite
def ratings_apart(draw: st.DrawFn) -> dict[str, Any]:
    """What a file of each rater's ratings holds: in whichever order they were given, with ids of their own or not."""
    ids = draw(st.lists(CELL, unique=True, min_size=1, max_size=4))
    queries = {name: name for name in ids} if draw(st.booleans()) else {name: draw(CELL) for name in ids}
    named = draw(st.lists(CELL, unique=True, max_size=3))
    by_rater: dict[str, dict[str, dict[str, int]]] = {}
    judgments: dict[str, dict[str, int]] = {}
    for query in ids:
        for document in draw(st.lists(CELL, unique=True, max_size=3)):
            who = [name for name in named if draw(st.booleans())] if named else [""]
            given = {name: draw(GRADE) for name in who}
            for name, grade in given.items():
                by_rater.setdefault(name, {}).setdefault(query, {})[document] = grade
            if given:
                judgments.setdefault(query, {})[document] = statistics.median_low(given.values())
    return {"queries": queries, "judgments": judgments, "raters": by_rater if named else {}}


@st.composite
def trec_run(draw: st.DrawFn) -> dict[str, Any]:
    """What a TREC run holds: scores, and the order that follows from them."""
    scores = draw(
        st.dictionaries(
            WORD,
            st.dictionaries(
                WORD, st.floats(allow_nan=False, width=32) | st.sampled_from([0.0, 1.0]), min_size=1, max_size=5
            ),
            min_size=1,
            max_size=3,
        )
    )
    run = {
        query: tuple(sorted(own, key=lambda doc: (own[doc], doc.encode()), reverse=True))
        for query, own in scores.items()
    }
    return {"scores": scores, "run": run, "notes": {"run_id": draw(WORD)}}


@st.composite
def snapshot(draw: st.DrawFn) -> dict[str, Any]:
    """What a Quepid snapshot holds."""
    run = draw(st.dictionaries(CELL, orders(CELL), min_size=1, max_size=3))
    judgments = {query: own for query in run if (own := draw(grades(CELL)))}
    judged = [document for own in judgments.values() for document in own]
    used = list(dict.fromkeys([document for documents in run.values() for document in documents] + judged))
    texts = {document: draw(TEXT) for document in used}
    notes = {"snapshot_name": draw(CELL), "snapshot_time": "2026-01-02T03:04:05Z", "case_id": "7"}
    if draw(st.booleans()):
        notes |= {"team_name": draw(CELL), "case_name": draw(CELL)}
    if texts:
        notes["text_column"] = "text"
    return {
        "queries": {query: query for query in run},
        "run": run,
        "judgments": judgments,
        "documents": texts,
        "metadata": {document: {"text": text} for document, text in texts.items()},
        "notes": notes,
    }


@st.composite
def table(draw: st.DrawFn) -> dict[str, Any]:
    """What a spreadsheet holds."""
    names = draw(st.lists(CELL, unique=True, min_size=1, max_size=3))
    same = draw(st.booleans())
    queries = {name: name if same else draw(CELL) for name in names}
    ids = CELL if draw(st.booleans()) else TEXT.filter(lambda text: text == text.strip())
    judgments = {name: own for name in names if (own := draw(grades(ids)))}
    run = {name: order for name in names if (order := draw(orders(ids)))}
    run.update({name: () for name in names if name not in judgments and name not in run})
    used = list(
        dict.fromkeys([d for order in run.values() for d in order] + [d for g in judgments.values() for d in g])
    )
    by_text = draw(st.booleans())
    documents = {document: document if by_text else draw(TEXT) for document in used}
    scores = {
        name: own
        for name, order in run.items()
        if (own := draw(st.dictionaries(st.sampled_from(order), st.floats(allow_nan=False)) if order else st.just({})))
    }
    metadata = {d: cells for d in used if (cells := draw(st.dictionaries(st.sampled_from(["Prix", "x y"]), TEXT)))}
    return {
        "queries": queries,
        "judgments": judgments,
        "run": run,
        "documents": documents,
        "scores": scores,
        "titles": {document: draw(TEXT) for document in used if draw(st.booleans())},
        "tags": {name: draw(CELL) for name in names if draw(st.booleans())},
        "metadata": metadata,
    }


@st.composite
def beir(draw: st.DrawFn) -> dict[str, Any]:
    """What a BEIR collection holds."""
    ids = st.text(CHARACTER | st.sampled_from("\n\r "), min_size=1, max_size=6)
    documents = draw(st.dictionaries(ids, st.text(CHARACTER, max_size=9), max_size=4))
    return {
        "queries": draw(st.dictionaries(ids, TEXT, max_size=3)),
        "documents": documents,
        "judgments": draw(st.dictionaries(ids, grades(ids, 1), min_size=1, max_size=3)),
        "titles": {document: draw(TEXT) for document in documents if draw(st.booleans())},
        "metadata": {d: {"url": draw(TEXT), "n": 3, "deep": [1, None]} for d in documents if draw(st.booleans())},
    }


@st.composite
def query_set(draw: st.DrawFn) -> dict[str, Any]:
    """What OpenSearch's query set holds."""
    queries = draw(st.lists(CELL, unique=True, min_size=1, max_size=4))
    answers = {query: draw(CELL) for query in queries if draw(st.booleans())}
    return {"queries": {query: query for query in queries}, "answers": answers}


CONTENT = {
    "table": table(),
    "quepid-ratings": ratings(empty=True),
    "rater-ratings": ratings_apart(),
    "quepid-snapshot": snapshot(),
    "opensearch-judgments": ratings(empty=False),
    "opensearch-queries": query_set(),
    "trec-qrels": st.dictionaries(WORD, grades(WORD, 1), min_size=1, max_size=4).map(lambda own: {"judgments": own}),
    "trec-run": trec_run(),
    "beir": beir(),
}


@pytest.mark.parametrize("kind", list(evaluation.KINDS))
@settings(max_examples=60)
@given(data=st.data())
@pytest.mark.slow
def test_what_is_written_is_read_back_whole(kind: str, data: st.DataObject) -> None:
    """Every kind gives back exactly what it was given, and the same bytes when written again."""
    imported = Imported(kind, **data.draw(CONTENT[kind]))
    written = write(kind, imported)
    back = read_directly(evaluation.KINDS[kind].file_name, written, kind, None)
    read_how = {"columns": (), "chosen": {}, "unsure": (), "samples": {}, "header": None, "encoding": None}
    assert replace(back, **read_how, reading_notes=()) == imported
    assert list(back.query_ids) == list(imported.query_ids)
    assert write(kind, back) == written


@pytest.mark.parametrize("kind", list(evaluation.KINDS))
@settings(max_examples=25)
@given(data=st.data())
def test_no_bytes_make_a_reader_fail(kind: str, data: st.DataObject) -> None:
    """Whatever is in a file, reading it gives an import with problems, or a sentence, never a crash."""
    good = write(kind, Imported(kind, **data.draw(CONTENT[kind])))
    start = data.draw(st.integers(0, len(good)))
    raw = data.draw(st.binary(max_size=40) | st.just(good[:start]) | st.just(good[start:]) | st.just(good + good))
    back = read_directly("file", raw, kind, None)
    assert back.kind == kind
    assert all(line >= 0 and reason for line, reason in back.problems)
    assert read_directly("file.txt", raw, "auto", None).problems is not None


@pytest.mark.parametrize("kind", list(evaluation.KINDS))
def test_a_written_file_is_recognised(kind: str) -> None:
    """ "auto" finds each kind by its content; OpenSearch's judgments are Quepid's ratings with another name."""
    imported = Imported(
        kind,
        queries={"star trek": "star trek", "q2": "q2"},
        judgments={"star trek": {"d1": 3}},
        run={"q1": ("d1", "d2")} if kind == "trec-run" else {"star trek": ("d1", "d2")},
        documents={"d1": "To boldly go", "d2": "Where no one has gone"},
    )
    if kind == "trec-qrels":
        imported = replace(imported, judgments={"q1": {"d1": 3}})
    expected = "quepid-ratings" if kind == "opensearch-judgments" else kind
    assert read(evaluation.KINDS[kind].file_name, write(kind, imported)).kind == expected


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("a.csv", "query,doc_id,rating\nstar trek,1370,3\n", "quepid-ratings"),
        ("a.csv", "star trek,1370,3\nstar wars,11,0.0\n", "opensearch-judgments"),
        ("a.csv", "Query Text,Doc ID,Doc Position\nstar trek,1370,1\n", "quepid-snapshot"),
        ("a.csv", "Question;Document;Rating\nwhere?;here it is;2\n", "table"),
        ("a.tsv", "query-id\tcorpus-id\tscore\nq1\td1\t2\n", "beir"),
        ("corpus.jsonl", '{"_id": "d1", "title": "", "text": "x"}\n', "beir"),
        ("a.json", '{"queryText": "tv", "referenceAnswer": ""}\n', "opensearch-queries"),
        ("queries.txt", "cheap tv\nred dress\n", "opensearch-queries"),
        ("a", "301 0 FT911-1 1\n301 0 FT911-2 0\n", "trec-qrels"),
        ("a", "301 Q0 FT911-1 1 12.5 bm25\n301 Q0 FT911-2 2 -3e-2 bm25\n", "trec-run"),
    ],
)
def test_files_of_other_tools_are_recognised(name: str, text: str, kind: str) -> None:
    """Headers and layouts as the tools write them are told apart, whatever the file is called."""
    imported = read(name, text.encode())
    assert (imported.kind, imported.problems) == (kind, ())


def test_what_cannot_be_recognised_is_asked_for() -> None:
    """A file that fits nothing, and a kind that does not exist, raise an error that says what to do."""
    for name, data, kind in (("a.csv", b"a,b\n1,2\n", "auto"), ("a.csv", b"x", "word")):
        with pytest.raises(InvalidRequestError) as caught:
            read(name, data, kind)
        assert "kind" in caught.value.message
        assert caught.value.hint
    with pytest.raises(InvalidRequestError):
        write("word", Imported("table"))


def test_quepid_ratings_as_quepid_writes_them() -> None:
    """Queries without ratings stay, the formula space goes, and each bad row is named by its line."""
    text = (
        "query,docid,rating\r\n"
        "star trek,1370,3\r\n"
        '"milk, skimmed",7, -1\r\n'
        "dogs,,\r\n"
        " =1+1,x,0\r\n"
        "star trek,1370,2\r\n"
        "star trek,,1\r\n"
        "a,b\r\n"
        ",9,1\r\n"
    )
    imported = read("ratings.csv", text.encode(), "quepid-ratings")
    assert list(imported.queries) == ["star trek", "milk, skimmed", "dogs", "=1+1"]
    assert imported.judgments == {"star trek": {"1370": 3}, "milk, skimmed": {"7": -1}, "=1+1": {"x": 0}}
    assert [line for line, _ in imported.problems] == [6, 7, 8, 9]
    assert "rated 3 there" in imported.problems[0].reason


def test_a_cell_that_looks_like_a_formula_is_made_harmless() -> None:
    """What a spreadsheet would run gets an apostrophe in front, in every CSV that is written."""
    imported = Imported(
        "table",
        queries={"=cmd()": "=cmd()"},
        judgments={"=cmd()": {"@d": 1}},
        run={"=cmd()": ("@d",)},
        documents={"@d": "+1"},
    )
    for kind in ("table", "quepid-ratings", "quepid-snapshot", "opensearch-judgments"):
        cells = write(kind, imported).decode().replace("\n", ",").split(",")
        assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))], kind


def test_opensearch_judgments_may_lack_a_header_and_carry_decimals() -> None:
    """OpenSearch's own exports say 3.000; a cell that is missing costs its row."""
    imported = read(
        "judgments.csv", b"red dress, B077, 3.000\nred dress,B071,0.5\nred dress,,1\n", "opensearch-judgments"
    )
    assert imported.judgments == {"red dress": {"B077": 6, "B071": 1}}
    assert "taken times 2" in imported.rating_note
    assert [line for line, _ in imported.problems] == [3]


def test_opensearch_queries_in_their_three_forms() -> None:
    """JSON lines, query/answer pairs and plain text are read from one file; doubles are named."""
    text = (
        '{"queryText": "tv", "referenceAnswer": "a screen"}\n'
        "\n"
        'query: "red \\"dress\\"", answer: "clothes"\n'
        "C# tutorial\n"
        "tv\n"
        '{"text": "no"}\n'
        "{broken\n"
    )
    imported = read("queries.txt", text.encode(), "opensearch-queries")
    assert list(imported.queries) == ["tv", 'red "dress"', "C# tutorial"]
    assert imported.answers == {"tv": "a screen", 'red "dress"': "clothes"}
    assert [line for line, _ in imported.problems] == [5, 6, 7]


def test_a_snapshot_keeps_positions_fields_and_queries_without_results() -> None:
    """Rows are ordered by position, other columns become metadata, and the text column is found."""
    text = (
        "Snapshot Name,Snapshot Time,Case ID,Query Text,Doc ID,Doc Position,title,overview\n"
        "first,2026-01-01,7,star trek,b,2,B,The second of the two films\n"
        "first,2026-01-01,7,star trek,a,1,A,The first of the two films\n"
        "first,2026-01-01,7,nothing,,,,\n"
        "second,2026-01-02,7,star trek,c,1,C,Another snapshot\n"
        "first,2026-01-01,7,star trek,d,x,D,\n"
    )
    imported = read("snapshot.csv", text.encode())
    assert imported.run == {"star trek": ("a", "b"), "nothing": ()}
    assert imported.documents == {"a": "The first of the two films", "b": "The second of the two films"}
    assert imported.metadata["a"] == {"title": "A", "overview": "The first of the two films"}
    assert imported.notes["snapshot_name"] == "first"
    assert [line for line, _ in imported.problems] == [5, 6]
    again = read("snapshot.csv", write("quepid-snapshot", imported))
    assert (again.run, again.documents, again.metadata) == (imported.run, imported.documents, imported.metadata)


def test_a_run_is_ordered_as_trec_eval_orders_it() -> None:
    """The rank column is ignored; the score decides, and of equal scores the id that comes last in byte order."""
    text = (
        "q Q0 a 1 0.5 x\nq Q0 B 2 0.5 x\nq Q0 b 3 0.5 x\nq Q0 z 4 1e3 x\n\nq Q0 é 5 0.5 x\nq\tQ0\tlow 6 -inf x tail\n"
    )
    imported = read("run", text.encode())
    assert imported.run == {"q": ("z", "é", "b", "a", "B", "low")}
    assert imported.scores["q"]["z"] == 1000.0


def test_bad_lines_of_a_run_and_of_qrels_are_named() -> None:
    """Too few parts, scores that are no number and doubled documents cost their line only."""
    run = read("run", b"q Q0 a 1 0.5 x\nq Q0 a 2 0.4 x\nq Q0 b 3 high x\nq Q0\n# comment\nq Q0 c 4 nan x\n", "trec-run")
    assert run.run == {"q": ("a",)}
    assert [line for line, _ in run.problems] == [2, 3, 4, 6]
    qrels = read("qrels", b"q 0 a 1\nq 0 a 2\nq 0 b\nq 0 c 2\nq 0 d 1 5\nq 0 e 1\n", "trec-qrels")
    assert qrels.judgments == {"q": {"a": 1, "c": 2, "e": 1}}
    assert [line for line, _ in qrels.problems] == [2, 3, 5]


def test_a_run_written_without_scores_falls_from_rank_to_rank() -> None:
    """An order of our own gets strictly decreasing scores, so that every tool reads the same order."""
    run = Imported("trec-run", run={"q": ("a", "b", "c")})
    assert write("trec-run", run).decode().splitlines() == [
        "q Q0 a 1 3.0 rerank-playground",
        "q Q0 b 2 2.0 rerank-playground",
        "q Q0 c 3 1.0 rerank-playground",
    ]
    contradicting = replace(run, scores={"q": {"a": 0.1, "b": 0.9, "c": 0.5}})
    assert write("trec-run", contradicting) == write("trec-run", run)


@pytest.mark.parametrize("kind", ["trec-qrels", "trec-run"])
@pytest.mark.parametrize("name", ["a b", "", "#a", "a\tb", "a\nb"])
def test_trec_refuses_ids_that_it_cannot_hold(kind: str, name: str) -> None:
    """An id with white space is an error with another format to take, not a broken file."""
    for imported in (
        Imported(kind, judgments={name: {"d": 1}}, run={name: ("d",)}),
        Imported(kind, judgments={"q": {name: 1}}, run={"q": (name,)}),
    ):
        with pytest.raises(InvalidRequestError) as caught:
            write(kind, imported)
        assert "BEIR" in caught.value.hint


def test_formats_that_know_queries_by_text_refuse_two_with_the_same() -> None:
    """Two ids with one text would silently become one query."""
    imported = Imported("beir", queries={"1": "tv", "2": "tv"}, judgments={"1": {"d": 1}, "2": {"d": 0}})
    for kind in ("quepid-ratings", "opensearch-judgments"):
        with pytest.raises(InvalidRequestError, match="the text 'tv'"):
            write(kind, imported)


@pytest.mark.parametrize("kind", list(evaluation.KINDS))
def test_nothing_to_write_is_an_error(kind: str) -> None:
    """An empty import gives a sentence, not an empty file."""
    with pytest.raises(InvalidRequestError) as caught:
        write(kind, Imported(kind))
    assert caught.value.hint


def test_a_spreadsheet_of_queries_and_documents() -> None:
    """Text, id, rank and rating are found by name; the text is the id where there is none."""
    plain = read("set.csv", b"Query,Document\ntv,A large screen\ntv,A radio\nradio,A radio\n")
    assert plain.queries == {"tv": "tv", "radio": "radio"}
    assert plain.run == {"tv": ("A large screen", "A radio"), "radio": ("A radio",)}
    assert plain.documents == {"A large screen": "A large screen", "A radio": "A radio"}
    full = read(
        "set.csv",
        b"question;passage;SKU;position;grade;colour\n"
        b"tv;A radio;2;2;0;red\n"
        b"tv;A large screen;1;1;3;blue\n"
        b"tv;An old screen;3;;1;\n",
    )
    assert full.run == {"tv": ("1", "2")}
    assert full.judgments == {"tv": {"2": 0, "1": 3, "3": 1}}
    assert full.documents["3"] == "An old screen"
    assert full.metadata == {"2": {"colour": "red"}, "1": {"colour": "blue"}}


def test_the_columns_of_a_spreadsheet_can_be_chosen() -> None:
    """A picker's choice wins over the guess, an empty choice leaves a role out, a wrong one is an error."""
    data = b"query,body,summary,rating\ntv,long text of the body,short,2\n"
    assert read("a.csv", data, columns={"document": "summary"}).documents == {"short": "short"}
    assert read("a.csv", data, columns={"rating": ""}).judgments == {}
    for columns, known in (
        ({"document": "nowhere"}, "The columns are: 'query'"),
        ({"colour": "body"}, "The roles are"),
    ):
        with pytest.raises(InvalidRequestError) as caught:
            read("a.csv", data, columns=columns)
        assert known in caught.value.hint


def test_bad_rows_of_a_spreadsheet_are_named_and_the_rest_is_kept() -> None:
    """Blank queries and documents, ranks in words and a wrong width cost one cell or row each."""
    text = (
        "query,id,document,rank,rating\n"
        ",1,x,1,1\n"
        "tv,2,a screen,1,\n"
        "tv,3,a radio,first,2\n"
        "tv,2,another text,2,1\n"
        "tv\n"
        "tv,,a lamp,3,1\n"
        "lamp,,,,\n"
    )
    imported = read("a.csv", text.encode())
    assert imported.run == {"tv": ("2", "another text", "3"), "lamp": ()}
    assert imported.judgments == {"tv": {"3": 2, "another text": 1}}
    assert [line for line, _ in imported.problems] == [0, 2, 4, 6, 7]


def test_a_title_above_the_names_of_the_columns_is_passed_over() -> None:
    """People put a heading over their tables; the line numbers of the report stay those of the file."""
    imported = read("a.csv", b"Search review, November\n\nquery,document,rating\ntv,a screen,3\ntv,,\nradio,x,2\n")
    assert imported.judgments == {"tv": {"a screen": 3}, "radio": {"x": 2}}
    assert [line for line, _ in imported.problems] == [1]
    assert "line 3" in imported.problems[0].reason
    assert read("a.csv", b"Review\nquery;document;rating\n;a screen;1\n").problems[-1].line == 3


def test_a_query_that_stands_once_above_its_documents_is_theirs() -> None:
    """As merged cells are saved; a blank query that is an exception stays one."""
    text = "query,tag,document,rating\ntv,screens,a,3\n,,b,0\n,,c,1\nradio,sound,d,2\n,,e,0\n"
    imported = read("a.csv", text.encode())
    assert imported.run == {"tv": ("a", "b", "c"), "radio": ("d", "e")}
    assert imported.tags == {"tv": "screens", "radio": "sound"}
    reasons = [reason for _, reason in imported.problems]
    assert reasons == ["3 rows without a query belong to the query above them, as below merged cells."]
    assert read("a.csv", b"query,document\n,a\n,b\ntv,c\n").run == {"tv": ("c",)}


def test_ratings_in_words_are_grades_and_said_to_be() -> None:
    """All of them known words: read, and told once; one that is not known: none is read, and the file says why."""
    imported = read("a.csv", b"query,document,rating\ntv,a,Highly relevant\ntv,b,not-relevant\ntv,c,Relevant\ntv,d,\n")
    assert imported.judgments == {"tv": {"a": 3, "b": 0, "c": 2}}
    told = "The ratings are words, which count as grades: 'Highly relevant' as 3, 'Relevant' as 2, 'not-relevant' as 0."
    assert (imported.problems, imported.reading_notes, imported.rating_note) == ((), (told,), told)
    odd = read("a.csv", b"query,document,rating\ntv,a,Relevant\ntv,b,lovely\n")
    assert (odd.judgments, [line for line, _ in odd.problems]) == ({}, [0])


def test_a_spreadsheet_ordered_by_score() -> None:
    """Without ranks the initial order follows the score, the highest first, ties as they stand."""
    imported = read("a.csv", b"query,document,score\ntv,low,0.1\ntv,high,0.9\ntv,also high,0.9\n")
    assert imported.run == {"tv": ("high", "also high", "low")}
    assert imported.scores["tv"]["high"] == 0.9


def test_a_workbook_is_read_like_a_csv() -> None:
    """An Excel file gives the same import as the CSV of its cells."""
    import openpyxl

    book = openpyxl.Workbook()
    rows = [["query", "document", "rating"], ["tv", "a screen", 3], ["tv", "a radio", 0], ["tv"]]
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    imported = read("set.xlsx", out.getvalue())
    assert imported.judgments == {"tv": {"a screen": 3, "a radio": 0}}
    assert read("set.xlsx", out.getvalue()[:300], "table").problems


def test_a_beir_zip_in_a_folder_with_several_splits() -> None:
    """The collection may lie in a folder; the test split is used and the others are named; bad lines are too."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(
            "fiqa/corpus.jsonl", '{"_id": "d1", "title": "T", "text": "x", "metadata": {"u": 1}}\n{"_id": 2}\n'
        )
        archive.writestr("fiqa/queries.jsonl", '{"_id": 7, "text": "tv"}\n{oops\n')
        archive.writestr("fiqa/qrels/test.tsv", "query-id\tcorpus-id\tscore\n7\td1\t2\n7\td1\t1\n7\td2\n")
        archive.writestr("fiqa/qrels/train.tsv", "query-id\tcorpus-id\tscore\n8\td1\t1\n")
        archive.writestr("__MACOSX/fiqa/corpus.jsonl", "junk")
    imported = read("fiqa.zip", out.getvalue())
    assert (imported.queries, imported.judgments) == ({"7": "tv"}, {"7": {"d1": 2}})
    assert (imported.documents, imported.titles, imported.metadata) == ({"d1": "x"}, {"d1": "T"}, {"d1": {"u": 1}})
    reasons = [reason for _, reason in imported.problems]
    assert any("qrels/train.tsv is left out" in reason for reason in reasons)
    assert any(reason.startswith("corpus.jsonl") for reason in reasons)
    assert len(imported.problems) == 5


def test_the_files_of_a_beir_folder_are_merged() -> None:
    """Corpus, queries and judgments read one by one give the same as the ZIP."""
    whole = Imported("beir", queries={"7": "tv"}, documents={"d1": "x"}, judgments={"7": {"d1": 2}}, titles={"d1": "T"})
    with zipfile.ZipFile(io.BytesIO(write("beir", whole))) as archive:
        parts = [read(name, archive.read(name), "beir") for name in archive.namelist()]
    assert merge(parts) == whole


def test_merging_keeps_the_first_and_names_what_differs() -> None:
    """Two files that disagree do not overwrite each other in silence."""
    first = Imported("table", queries={"q": "tv"}, judgments={"q": {"a": 1}}, run={"q": ("a", "b")})
    second = Imported("trec-run", queries={"q": "TV"}, judgments={"q": {"a": 2, "b": 0}}, run={"q": ("b",)})
    merged = merge([first, second])
    assert (merged.queries, merged.judgments, merged.run) == (
        {"q": "tv"},
        {"q": {"a": 1, "b": 0}},
        {"q": ("a", "b")},
    )
    assert len(merged.problems) == 3


def zip_of(**parts: bytes) -> bytes:
    """An archive of these files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return out.getvalue()


@pytest.mark.parametrize(
    "make",
    [
        lambda: b"",
        lambda: b" \n ",
        lambda: b"PK\x03\x04 broken",
        lambda: zip_of(other=b"x"),
        lambda: b"%PDF-1.7 \x00\x01",
        lambda: bytes(range(256)) * 20,
        lambda: write("beir", Imported("beir", documents={"d": "x" * 5000}))[:-30],
    ],
)
@pytest.mark.parametrize("kind", list(evaluation.KINDS))
def test_a_file_that_is_something_else_is_a_problem(kind: str, make: Callable[[], bytes]) -> None:
    """Empty, damaged and foreign files give an import with nothing in it but the reason."""
    imported = read("file.csv", make(), kind)
    assert imported.problems
    assert not imported.judgments
    assert not imported.run
    assert not imported.documents


def test_a_zip_that_unpacks_to_too_much_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    """The announced size is checked before anything is read."""
    from rerank_core.evaluation.formats import json_lines

    monkeypatch.setattr(json_lines, "COLLECTION_LIMITS", replace(json_lines.COLLECTION_LIMITS, expanded_bytes=1_000))
    imported = json_lines.read_beir(zip_of(**{"corpus.jsonl": b" " * 5_000}))
    assert "unpacks to" in imported.problems[0].reason
    assert not imported.documents


def test_encodings_and_separators_of_spreadsheet_programs() -> None:
    """UTF-16 with tabs, cp1252 with semicolons and a byte order mark are all the same file."""
    text = "query,docid,rating\nküche,a,2\n"
    for data in (
        text.encode("utf-8-sig"),
        text.replace(",", "\t").encode("utf-16"),
        text.replace(",", ";").encode("cp1252"),
    ):
        assert read("ratings.csv", data).judgments == {"küche": {"a": 2}}


def test_an_import_can_be_measured_at_once() -> None:
    """Judgments from one file and a run from another go straight into the measures."""
    judged = read("qrels", b"q 0 a 1\nq 0 b 0\nq2 0 a 1\n")
    ranked = read("run", b"q Q0 b 1 2.0 x\nq Q0 a 2 1.0 x\n")
    result = evaluation.measure(judged.judgments, ranked.run, ["RR"])["RR"]
    assert (result.by_query, result.missing) == ({"q": 0.5, "q2": 0.0}, ("q2",))


@pytest.mark.parametrize(
    ("name", "data", "queries"),
    [
        ("list.csv", b"Query\nhow to reset\nopening hours\n", ["how to reset", "opening hours"]),
        ("list.csv", b"how to reset\nopening hours\n", ["how to reset", "opening hours"]),
        ("list.csv", b"query,tag\nhow to reset,account\n", ["how to reset"]),
    ],
)
def test_a_spreadsheet_of_nothing_but_queries_is_a_list_of_queries(name: str, data: bytes, queries: list[str]) -> None:
    """Queries without documents are kept, with their tags, for a search to find candidates for them."""
    imported = read(name, data)
    assert list(imported.query_ids) == queries
    assert not imported.problems
    assert not imported.run


def test_ratings_without_documents_are_named_and_the_queries_kept() -> None:
    """Nothing can be done with a rating of no document, and a repeated or blank query is a problem of its line."""
    imported = read("list.csv", b"query,rating\na,3\n,1\na,2\nb,\n")
    assert list(imported.queries) == ["a", "b"]
    assert not imported.judgments
    assert [problem.line for problem in imported.problems] == [1, 3, 4]
    assert "'rating'" in imported.problems[0].reason


def test_columns_of_any_name_can_be_named() -> None:
    """Somebody who says which column is what has said that the file is a table."""
    data = "Thema;Dokument;Wertung\nWie lange?;Bis neun.;2,0\n".encode("cp1252")
    with pytest.raises(InvalidRequestError, match="not clear"):
        read("fragen.csv", data)
    imported = read("fragen.csv", data, columns={"query": "Thema", "document": "Dokument", "rating": "Wertung"})
    assert imported.judgments == {"Wie lange?": {"Bis neun.": 2}}


def test_thousands_are_not_guessed() -> None:
    """1,000 may be a thousand or one; where no other cell of its column tells, it is neither."""
    imported = read("a.csv", b"query;document;score\nq;low;1\nq;odd;1,000\n")
    assert imported.run == {"q": ("low", "odd")}
    assert [problem.line for problem in imported.problems] == [3]


def test_the_name_decides_where_a_line_is_damaged() -> None:
    """One bad line in a file of judgments does not make it a file of unknown kind."""
    imported = read("a.qrels", b"q1 0 d1 3\nq1 d2 1\n")
    assert imported.kind == "trec-qrels"
    assert imported.judgments == {"q1": {"d1": 3}}
    assert imported.problems[0].line == 2
    assert read("a.run", b"q1 Q0 d1 1 2.5 name\nbroken\n").run == {"q1": ("d1",)}


def test_a_repeated_row_is_one_problem_whatever_its_rating() -> None:
    """One row, one sentence: with another rating it says which one is kept, and a first rating is taken."""
    imported = read("a.csv", b"query,document,rating\nq,a,3\nq,a,3\nq,a,1\nq,b,\nq,b,2\n")
    assert imported.judgments == {"q": {"a": 3, "b": 2}}
    assert [problem.line for problem in imported.problems] == [3, 4, 6]
    assert "rated 3 there; it is kept, and this row, rated 1, is left out" in imported.problems[1].reason
    assert "only the rating is taken" in imported.problems[2].reason


@pytest.mark.parametrize("kind", ["table", "quepid-ratings", "quepid-snapshot", "opensearch-judgments", "beir"])
def test_a_nul_does_not_make_a_file_unreadable(kind: str) -> None:
    """It gives way to the sign for what cannot be shown, so that the file is text and the rest comes back."""
    imported = Imported(
        "table",
        queries={"a\x00b": "a\x00b"},
        judgments={"a\x00b": {"d": 2}},
        run={"a\x00b": ("d",)},
        documents={"d": "x"},
    )
    again = read("x.zip" if kind == "beir" else "x.csv", write(kind, imported), kind)
    assert not again.problems
    assert again.judgments == {"a\ufffdb": {"d": 2}} or again.run == {"a\ufffdb": ("d",)}


def test_what_differs_from_row_to_row_of_a_document_is_reported() -> None:
    """Further columns and titles are kept once a document; where a row has others, that is said once a document."""
    text = (
        "query,id,document,rating,title,comment,colour\n"
        "q1,a,doc a,3,One,perfect for q1,red\n"
        "q2,a,doc a,0,Two,wrong for q2,red\n"
        "q3,a,doc a,0,Two,,red\n"
        "q1,b,doc b,1,,,\n"
        "q2,b,doc b,1,,,\n"
    )
    imported = read("a.csv", text.encode())
    assert imported.metadata == {"a": {"comment": "perfect for q1", "colour": "red"}}
    assert [line for line, _ in imported.problems] == [3, 3]
    assert "title of the document 'a' stands differently above" in imported.problems[0].reason
    assert "has something else in 'comment' above" in imported.problems[1].reason
    snapshot = "Query Text,Doc ID,Doc Position,why\nq1,a,1,perfect\nq2,a,1,wrong\n"
    assert "'why'" in read("a.csv", snapshot.encode()).problems[0].reason


def test_a_text_that_is_the_id_loses_its_outer_spaces() -> None:
    """One trailing space would be an id that no format can hold, and the whole set could not be taken away."""
    imported = read("a.csv", b'query,document,rating\nq1,"d one ",0\nq2,d one,2\n')
    assert imported.run == {"q1": ("d one",), "q2": ("d one",)}
    assert not imported.problems
    for kind in ("table", "quepid-ratings"):
        assert read("a.csv", write(kind, imported)).judgments == {"q1": {"d one": 0}, "q2": {"d one": 2}}


DETAILED = (
    b"Team Name,Case Name,Case ID,Query Text,Doc ID,Doc Position,Title,Rating,overview\n"
    b"Ours,Films,7,star trek,a,1,A,3,The first of the two films\n"
    b"Ours,Films,7,star trek,b,2,B,,The second of the two films\n"
    b"Ours,Films,7,star trek,c,,C,0,A film that was rated and not found\n"
    b"Ours,Films,7,nothing,,,,,\n"
)


def test_a_detailed_quepid_file_keeps_its_ratings_and_names() -> None:
    """Ratings, also of what was not found, titles, team and case are written again, and the order is the same."""
    imported = read("detailed.csv", DETAILED)
    assert imported.judgments == {"star trek": {"a": 3, "c": 0}}
    assert imported.run == {"star trek": ("a", "b"), "nothing": ()}
    written = write("quepid-snapshot", imported)
    assert written.startswith(b"Team Name,Case Name,Snapshot Name,Snapshot Time,Case ID,Query Text,Doc ID,")
    again = read("snapshot.csv", written)
    for name in ("queries", "documents", "judgments", "run", "metadata"):
        assert getattr(again, name) == getattr(imported, name), name
    assert {key: again.notes[key] for key in imported.notes} == imported.notes


def test_titles_go_from_one_format_to_another() -> None:
    """A title that is a column of a snapshot is a title in a table and in BEIR, and one of a table is in a snapshot."""
    snapshot = b"Query Text,Doc ID,Doc Position,title,overview\nq,a,1,A title,The long overview of a film\n"
    imported = read("snapshot.csv", snapshot)
    table = read("table.csv", write("table", imported))
    assert table.titles == {"a": "A title"}
    assert read("c.zip", write("beir", imported)).titles == {"a": "A title"}
    again = read("snapshot.csv", write("quepid-snapshot", table))
    assert again.documents == imported.documents
    assert again.metadata["a"]["title"] == "A title"


def test_further_columns_never_hide_those_that_a_format_knows() -> None:
    """A column called like one of the format's own goes out under another name; texts and ratings stay theirs."""
    imported = Imported(
        "table",
        queries={"q": "q"},
        documents={"a": "the real text"},
        judgments={"q": {"a": 2}},
        run={"q": ("a",)},
        metadata={"a": {"text": "another text", "Rating": "five stars", "position": "left"}},
    )
    for kind in ("table", "quepid-snapshot"):
        again = read("a.csv", write(kind, imported))
        assert not again.problems
        assert (again.documents, again.judgments, again.run) == (imported.documents, imported.judgments, imported.run)
        assert {"another text", "five stars", "left"} <= set(again.metadata["a"].values())


@pytest.mark.parametrize(
    "text",
    [
        "query,information_need\nstar trek,Films of the series with the old crew\nstar wars,The first film\n",
        "Team Name,Case Name,Case ID,Query Text,Score,Date Last Scored,Count,Information Need,Notes,Options\n"
        "Ours,Films,7,star trek,0.5,2026-01-01,3,Films of the series,A long note about it,\n"
        "Ours,Films,7,star wars,0.7,2026-01-01,3,,Another note,\n",
        "query_id,query,query_class\n1,star trek,Science fiction films\n2,star wars,Science fiction films\n",
        "query,searches\nstar trek,120000\nstar wars,98000\n",
    ],
)
def test_what_somebody_wants_is_no_document(text: str) -> None:
    """Information needs, notes, classes of queries and counts are never candidates to be reranked and paid for."""
    imported = read("queries.csv", text.encode())
    assert list(imported.queries.values()) == ["star trek", "star wars"]
    assert not imported.documents
    assert not imported.run
    assert not imported.scores
    assert imported.problems[-1].reason.startswith("Of a list of queries only the queries are read, not '")


def test_a_book_of_judges_keeps_their_ratings_apart() -> None:
    """A column for each judge; the one rating of a document is the lower median, bad cells are named, and it goes out
    as it came in."""
    text = "query,docid,Ann,Ben,Cem\nstar trek,a,3,1,\nstar trek,b,0,,0\nstar wars,a,,,2\ndogs,,,,\n"
    imported = read("book.csv", text.encode())
    assert imported.kind == "quepid-ratings"
    assert imported.raters == {
        "Ann": {"star trek": {"a": 3, "b": 0}},
        "Ben": {"star trek": {"a": 1}},
        "Cem": {"star trek": {"b": 0}, "star wars": {"a": 2}},
    }
    assert imported.judgments == {"star trek": {"a": 1, "b": 0}, "star wars": {"a": 2}}
    assert list(imported.queries) == ["star trek", "star wars", "dogs"]
    assert [line for line, _ in imported.problems] == [1]
    assert "'Ann', 'Ben', 'Cem' are read as ratings of 3 people" in imported.problems[0].reason
    assert write("quepid-ratings", imported) == text.encode()
    bad = read("book.csv", b"query,docid,Ann\nq,b,1\nq,b,2\n,c,1\nq,,1\nq,d\n", "quepid-ratings")
    assert bad.judgments == {"q": {"b": 1}}
    assert [line for line, _ in bad.problems] == [1, 3, 4, 5, 6]
    assert read("a.csv", b"query,docid,Ann\nq,a,text\n").kind == "table"
    assert read("a.csv", b"query,docid,title,rating\nq,a,1984,2\n").judgments == {"q": {"a": 2}}
    with pytest.raises(InvalidRequestError, match="cannot stand above"):
        write("quepid-ratings", replace(imported, raters={"Rating": {}, "Title": {"star trek": {"a": 1}}}))


def test_books_are_merged_without_mixing_their_raters() -> None:
    """Who rated what in several files stays known, and that raters differ is no contradiction."""
    parts = [read("a.csv", data) for data in (b"query,docid,Ann,Ben\nq,a,3,0\n", b"query,docid,Ann,Cem\nq,a,1,2\n")]
    merged = merge(parts)
    assert merged.raters == {"Ann": {"q": {"a": 3}}, "Ben": {"q": {"a": 0}}, "Cem": {"q": {"a": 2}}}
    assert not [problem for problem in merged.problems if "differ" in problem.reason]


def test_training_data_are_judgments() -> None:
    """Quepid's lines for learning to rank have the rating, the query, the document and the text; features are left."""
    text = "3 qid:1 # 1370 star trek\n0 qid:1 # 12 star trek\n# made by Quepid\n2 qid:2 1:0.5 2:1e3 # 7 star wars\n"
    imported = read("ltr.txt", text.encode())
    assert imported.queries == {"1": "star trek", "2": "star wars"}
    assert imported.judgments == {"1": {"1370": 3, "12": 0}, "2": {"7": 2}}
    assert [(line, "features" in reason) for line, reason in imported.problems] == [(0, True)]
    bad = read(
        "ltr.txt", b"3 qid:1 # 1370 star trek\n1 qid:1 # 1370 star trek\n1 qid:1 1:0.5\n1 qid:1 # 13 star trek\n"
    )
    assert [line for line, _ in bad.problems] == [2, 3]
    assert b"star trek,1370,3\n" in write("quepid-ratings", imported)


@pytest.mark.parametrize(
    ("cells", "grades"),
    [
        (["3 - Perfect", "0 (not relevant)", "2 – Good", "1"], [3, 0, 2, 1]),
        (["3) Perfect", "1: Fair", "2 = Good", "0 - Bad"], [3, 1, 2, 0]),
        (["TRUE", "FALSE", "TRUE", "FALSE"], [1, 0, 1, 0]),
        (["Exact", "Partial", "Irrelevant", "Exact"], [3, 1, 0, 3]),
    ],
)
def test_ratings_with_a_label_in_words_and_as_excel_writes_them(cells: list[str], grades: list[int]) -> None:
    """A number with its label counts as the number; TRUE and FALSE as 1 and 0; Exact, Partial and Irrelevant too."""
    rows = "".join(f"q,d{place},{cell}\n" for place, cell in enumerate(cells))
    for header in ("query,id,rating", "query,docid,rating", "query,id,relevant"):
        imported = read("a.csv", f"{header}\n{rows}".encode())
        assert list(imported.judgments["q"].values()) == grades
        assert (imported.problems, imported.reading_notes[-1]) == ((), imported.rating_note)


def test_ranges_and_slips_are_no_labelled_ratings() -> None:
    """A range and a fraction with a label are not known, so none of the ratings is taken over."""
    imported = read("a.csv", b"query,id,rating\nq,a,3-4\nq,b,2.5 - good\nq,c,3 - Perfect\n")
    assert (imported.judgments, imported.unmapped) == ({}, True)
    assert [line for line, _ in imported.problems] == [0]
    assert "'3-4' (1), '2.5 - good' (1) stands for" in imported.problems[0].reason


def test_true_and_false_of_a_workbook_are_grades() -> None:
    """Cells that hold a truth value and not a word count as 1 and 0."""
    import openpyxl

    book = openpyxl.Workbook()
    for row in (["query", "id", "relevant?", "rating"], ["q", "a", "x", True], ["q", "b", "y", False]):
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    assert read("a.xlsx", out.getvalue(), columns={"document": ""}).judgments == {"q": {"a": 1, "b": 0}}


def test_labels_of_wands_name_the_product_and_not_the_row() -> None:
    """Its file has an id of the row, of the query and of the product; the last is the document's."""
    imported = read("label.csv", b"id\tquery_id\tproduct_id\tlabel\n0\t7\t25434\tExact\n1\t7\t12088\tIrrelevant\n")
    assert imported.judgments == {"7": {"25434": 3, "12088": 0}}


@pytest.mark.parametrize("kind", ["table", "quepid-snapshot", "quepid-ratings", "opensearch-queries", "beir"])
@settings(max_examples=40)
@given(data=st.data())
@pytest.mark.slow
def test_what_becomes_a_set_is_read_back_whole(kind: str, data: st.DataObject) -> None:
    """Nothing is lost on the way file, query set, file; rated documents become candidates where a file has no order."""
    imported = Imported(kind, **data.draw(CONTENT[kind]))
    made = from_files(imported) if imported.query_ids else None
    if made is None or (kind == "quepid-snapshot" and not made.pairs):
        return  # there is nothing to make a set, or a snapshot, of
    back = read(evaluation.KINDS[kind].file_name, write(kind, made.imported()), kind)
    assert not back.problems
    assert list(back.query_ids) == list(imported.query_ids)
    for name in ("judgments", "scores", "answers", "tags", "notes"):
        assert getattr(back, name) == getattr(imported, name), name
    used = {document for own in (*imported.run.values(), *imported.judgments.values()) for document in own}
    used -= {document for document, text in imported.documents.items() if not text.strip()}
    for name in ("documents", "titles", "metadata"):
        wanted = {key: own for key, own in getattr(imported, name).items() if key in used}
        assert {key: own for key, own in getattr(back, name).items() if key in used} == wanted, name
    if kind == "quepid-snapshot":
        assert back.run == imported.run


def test_an_import_says_how_the_file_was_read() -> None:
    """Columns with their roles, the first row and the encoding, so that a page need not look into the file again."""
    found = read("set.csv", "Frage;Antwort;Grade\nGröße;Maße;3\n".encode("cp1252"), columns={"query": "Frage"})
    assert found.columns == ("Frage", "Antwort", "Grade")
    assert found.chosen == {"query": "Frage", "document": "Antwort", "rating": "Grade"}
    assert (found.header, found.encoding) == (True, "cp1252")
    assert found.reading_notes[0].startswith(
        "This file was read as Windows-1252 (Western) text, since it is not UTF-8."
    )
    assert (found.sheet, found.sheets) == (None, ())
    assert read("judgments.qrels", b"q 0 d 1\n").columns == ()


def test_the_first_row_can_be_data() -> None:
    """Then the columns have numbers for names, and nothing of the first row is lost."""
    columns = {"header": "no", "query": "Column 1", "document": "Column 2", "rating": "Column 3"}
    found = read("set.csv", b"opening hours,nine to five,3\nrefund,within a week,2\n", columns=columns)
    assert found.columns == ("Column 1", "Column 2", "Column 3")
    assert found.header is False
    assert found.judgments == {"opening hours": {"nine to five": 3}, "refund": {"within a week": 2}}
    named = read("set.csv", b"query,document\nquery,document\n", columns={"header": "yes"})
    assert list(named.queries) == ["query"]
    with pytest.raises(InvalidRequestError, match="The header is 'maybe'"):
        read("set.csv", b"query,document\na,b\n", columns={"header": "maybe"})


def test_an_encoding_can_be_asked_for() -> None:
    """The one that is asked for is used, in a collection for each of its files; one that does not exist is an error."""
    asked = read("set.csv", "query,document\nпароль,сброс\n".encode("koi8-r"), columns={"encoding": "koi8-r"})
    assert list(asked.queries) == ["пароль"]
    zipped = zip_of(**{"queries.jsonl": '{"_id": "1", "text": "größe"}'.encode("mac-roman")})
    assert read("set.zip", zipped, columns={"encoding": "mac-roman"}).queries == {"1": "größe"}
    for data in (b"query\na\n", zipped):
        with pytest.raises(InvalidRequestError, match="no encoding called 'klingon'"):
            read("set", data, columns={"encoding": "klingon"})


@pytest.mark.parametrize(
    "header",
    [
        "query,docid,rater,rating",
        "Query,Doc ID,Annotator,Grade",
        "question;id;rated by;relevance",
        "query,id,judge,label",
    ],
)
def test_a_row_for_each_rater_comes_in_as_several_peoples_ratings(header: str) -> None:
    """Three rows of one pair are ratings of three people and no repetitions, whatever the columns are called."""
    comma = ";" if ";" in header else ","
    rows = [("tv", "d1", "Ann", "3"), ("tv", "d1", "Ben", "0"), ("tv", "d1", "Cem", "1"), ("tv", "d2", "Ben", "2")]
    back = read("ratings.csv", "\n".join([header, *map(comma.join, rows)]).encode())
    assert back.problems == ()
    assert back.raters == {"Ann": {"tv": {"d1": 3}}, "Ben": {"tv": {"d1": 0, "d2": 2}}, "Cem": {"tv": {"d1": 1}}}
    assert back.judgments == {"tv": {"d1": 1, "d2": 2}}
    made = from_files([back, Imported("table", documents={"d1": "a", "d2": "b"})])
    assert made.raters == ("Ann", "Ben", "Cem")


def test_what_is_wrong_in_ratings_of_each_rater_is_said_by_line() -> None:
    """A second rating of one rater, a short row, a rating of no document, no query; the rest is read."""
    back = read(
        "r.csv",
        b"query_id,query,docid,rater,rating\n1,tv,a,Ann,3\n1,tv,a,Ann,2\n1,tv,a,Ben\n1,tv,,Ben,1\n,,a,Ben,1\n"
        b"2,tv,a,,1\n3,radio,,,\n",
    )
    assert [line for line, _ in back.problems] == [3, 4, 5, 6]
    assert back.raters == {"Ann": {"1": {"a": 3}}, "unnamed": {"2": {"a": 1}}}
    assert back.queries == {"1": "tv", "2": "tv", "3": "radio"}
