"""Query sets: out of files, searches and the sample; bounded, filtered, rated and given back unchanged."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rerank_core.documents.report import Problem
from rerank_core.errors import InvalidRequestError
from rerank_core.evaluation import Imported, read, write
from rerank_core.evaluation.query_sets import query_set as limits
from rerank_core.evaluation.query_sets.query_set import QuerySet, describe, length_of, make_queries
from rerank_core.evaluation.query_sets.scope import Scope
from rerank_core.evaluation.query_sets.sources import (
    SAMPLE_CANDIDATES,
    from_files,
    from_sample,
    search_collection,
    search_with,
)
from rerank_core.models import Document
from rerank_core.rank_fields import ranked_text
from rerank_core.retrieval.first_stage import FirstStage
from rerank_core.retrieval.passages import PassageList
from rerank_core.storage.query_sets import QuerySetStore
from tests.support import ROOT
from tests.support.small_query_set import small_set

TABLE = b"""query,document,id,rank,rating,tag,title
reset password,Click on forgot password.,kb-1,2,3,account,Passwords
reset password,Our opening hours.,kb-2,1,0,account,Hours
wifi drops,Move the router.,kb-3,1,2,network,Router
wifi drops,,kb-9,2,,network,
"""


def texts(**named):
    return [Document(text, name) for name, text in named.items()]


def typed(*queries):
    return QuerySet("Typed", make_queries({query: query for query in queries}, {}, {}))


def test_a_spreadsheet_becomes_queries_with_candidates_and_ratings():
    """Order by rank, ratings under one rater, tags and titles kept, a document without a text left out and named."""
    made = from_files(read("queries.csv", TABLE), name="Mine")
    assert [(query.text, query.candidates, query.tag) for query in made.queries] == [
        ("reset password", ("kb-2", "kb-1"), "account"),
        ("wifi drops", ("kb-3",), "network"),
    ]
    assert made.judgments == {"imported": {"reset password": {"kb-1": 3, "kb-2": 0}, "wifi drops": {"kb-3": 2}}}
    assert made.documents["kb-1"].metadata == {"title": "Passwords"}
    assert made.problems[-1].reason.startswith("1 document has no text and cannot be scored ('kb-9'). Add")
    assert describe(made) == "2 queries with 3 candidates; 2 have ratings"


def test_a_document_that_is_all_title_is_a_candidate():
    """An empty text under a title is read by its title: in a BEIR collection, whose relevant document it is, and in a
    spreadsheet."""
    case = ROOT / "tests" / "data" / "cases" / "76-beir-empty-text.zip"
    made = from_files(read(case.name, case.read_bytes()))
    assert ranked_text(made.documents["d1"], made.rank_fields) == "Reset your password"
    assert len(made.documents) == 3
    found = made.with_candidates(search_collection(made.documents.values(), 3), "by keyword (BM25)")
    assert found.query("q1").candidates[0] == "d1"
    assert found.combined() == made.combined()
    table = from_files(
        read("q.csv", TABLE.replace(b"wifi drops,,kb-9,2,,network,", b"wifi drops,,kb-9,2,1,network,Cable"))
    )
    assert table.query("wifi drops").candidates == ("kb-3", "kb-9")
    assert not [problem for problem in table.problems if "no text" in problem.reason]
    assert set(from_files(read("again.csv", write("table", table.imported()))).documents) == set(table.documents)


def test_problems_of_the_import_stay_with_the_set():
    """Every row that was left out is still told, with its line."""
    made = from_files(read("queries.csv", b"query,document,rank\nq,one,9x\nq,two,1\n"))
    assert made.problems == (Problem(2, "The rank '9x' is not a number. The document goes last."),)
    assert made.queries[0].candidates == ("two", "one")


def test_ratings_alone_supply_the_candidates():
    """Where no file has an order, the rated documents are the candidates, in the order of the file."""
    ratings = read("r.csv", b"query,docid,rating\nq,b,1\nq,a,3\n", "quepid-ratings")
    table = read("t.csv", b"query,document,id\nother,Text of a,a\nother,Text of b,b\n", "table")
    made = from_files([ratings, table])
    assert made.query("q").candidates == ("b", "a")
    assert made.notes[0].startswith("For 1 query the candidates are the rated documents")


def test_files_that_name_queries_differently_are_put_together():
    """A query named by its text in one file is the one of that text and an id in another."""
    table = read("t.csv", b"query_id,query,document,id\nq1,reset password,Click here,a\n", "table")
    ratings = read("r.csv", b"query,docid,rating\nreset password,a,3\n", "quepid-ratings")
    made = from_files([table, ratings])
    assert [query.id for query in made.queries] == ["q1"]
    assert made.combined() == {"q1": {"a": 3}}


def test_a_collection_gets_its_candidates_from_a_search():
    """A BEIR collection has no order: its documents stay until a first stage has found the candidates."""
    archive = write(
        "beir",
        from_files(read("queries.csv", TABLE)).imported(),
    )
    made = from_files(read("c.zip", archive))
    assert made.pairs == 0
    assert set(made.documents) == {"kb-1", "kb-2", "kb-3"}
    full = made.with_candidates(search_collection(made.documents.values(), 2), "by keyword (BM25)")
    assert full.query("reset password").candidates[0] == "kb-1"
    assert full.order_name == "by keyword (BM25)"
    assert full.combined() == made.combined()


@pytest.mark.parametrize("kind", ["table", "beir", "trec-qrels", "quepid-ratings"])
def test_what_comes_in_goes_out(kind):
    """Queries, ratings and orders are given back by the formats that hold them."""
    made = from_files(read("queries.csv", TABLE.replace(b" ", b"_")))
    again = read("x", write(kind, made.imported()), kind)
    assert again.judgments == made.combined()
    if kind == "table":
        assert again.run == made.initial
        assert again.tags == {query.id: query.tag for query in made.queries}
        assert again.titles == {"kb-1": "Passwords", "kb-2": "Hours", "kb-3": "Router"}


def test_a_list_of_queries_and_a_search():
    """Each query gets what the search finds, and one for which it finds nothing is a problem."""
    search = search_collection(texts(a="reset your password", b="router lights"), 10)
    made = typed("password", "router", "zzzz").with_candidates(search, "by keyword")
    assert [(query.text, query.candidates) for query in made.queries] == [
        ("password", ("a",)),
        ("router", ("b",)),
        ("zzzz", ()),
    ]
    assert [str(problem) for problem in made.problems] == ["Nothing was found for 'zzzz'; it has no candidates."]
    assert len(made.ready) == 2


def test_passages_without_ids_and_with_the_same_one_are_told_apart():
    """A passage without an id is named after its place; two texts under one id get names of their own."""
    stage = FirstStage(PassageList([Document("red router"), Document("blue router", "x"), Document("old router", "x")]))
    made = typed("router").with_candidates(search_with(stage, 10), "by keyword")
    names = made.queries[0].candidates
    assert sorted(names) == ["passage 1", "x", "x (2)"]
    assert {made.documents[name].text for name in names} == {"red router", "blue router", "old router"}


def test_a_search_tells_how_far_it_is():
    """Queries done and queries in all, and what the listener raises ends the work."""
    heard = []
    search = search_collection(texts(a="router"), 10)
    asked = typed("router", "light")
    asked.with_candidates(search, "by keyword", on_progress=lambda done, total: heard.append((done, total)))
    assert heard == [(0, 2), (1, 2), (2, 2)]


def test_the_sample_set_is_whole():
    """165 rated queries in four languages with keyword candidates, ready to run."""
    sample = from_sample()
    assert (len(sample), len(sample.ready), sample.judged) == (165, 165, 165)
    assert sample.languages == ("de", "en", "es", "ja")
    assert sample.raters == ("sample",)
    assert max(len(query.candidates) for query in sample.queries) <= SAMPLE_CANDIDATES
    assert all(name in sample.documents for query in sample.queries for name in query.candidates)
    assert any(max(grades.values()) < 2 for grades in sample.combined().values())


def test_limits_are_named(monkeypatch):
    """Too many queries, candidates of one query or pairs: the first are kept, and a sentence says so."""
    monkeypatch.setattr(limits, "MAX_QUERIES", 3)
    monkeypatch.setattr(limits, "MAX_CANDIDATES", 2)
    monkeypatch.setattr(limits, "MAX_PAIRS", 5)
    rows = "".join(f"q{query},text {query} {place}\n" for query in range(4) for place in range(3))
    made = from_files(read("q.csv", b"query,document\n" + rows.encode()))
    assert [len(query.candidates) for query in made.queries] == [2, 2]
    assert len(made.documents) == 4
    reasons = " ".join(problem.reason for problem in made.problems)
    assert "has 3 candidates; the first 2 are kept" in reasons
    assert "The limit is 5 candidates in all; the first 2 queries are kept." in reasons
    assert "The limit is 3 queries" in reasons
    monkeypatch.setattr(limits, "MAX_CHARACTERS", 10)
    with pytest.raises(InvalidRequestError):
        from_files(read("q.csv", b"query,document\n" + rows.encode()))
    with pytest.raises(InvalidRequestError):
        from_files(read("q.csv", b"query,document\n"))


def test_filters():
    """By tag, language, length and words; none given is all."""
    made = QuerySet(
        "x",
        make_queries(
            {"a": "wifi drops", "b": "Wie setze ich mein Passwort zurück, bitte?", "c": "my " * 30},
            {},
            {"a": "network"},
            {"a": "en", "b": "de", "c": "en"},
        ),
    )
    assert Scope().only(made) is None
    assert Scope(tags=("network",)).only(made) == ("a",)
    assert Scope(languages=("de", "fr")).only(made) == ("b",)
    assert Scope(lengths=("long", "short"), languages=("en",)).only(made) == ("a", "c")


@pytest.mark.parametrize(
    ("text", "lang", "length"),
    [
        ("wifi drops", "en", "short"),
        ("how do I reset my password now", "en", "sentence"),
        ("word " * 26, "en", "long"),
        ("パスワードを忘れた", "ja", "short"),
        ("パスワードを忘れたので再設定したいのですが", None, "sentence"),
    ],
)
def test_lengths(text, lang, length):
    """Words are counted, and characters where a script has no spaces."""
    assert length_of(text, lang) == length


def test_several_raters_are_combined_by_the_lower_median():
    """One grade a document; of an even number the lower middle one."""
    made = small_set(1, 2)
    for rater, grade in (("ben", 1), ("cem", 2)):
        made = made.rated(rater, "q0", "q0-d1", grade)
    assert made.combined()["q0"] == {"q0-d0": 0, "q0-d1": 2}
    assert made.combined(["ben", "cem"]) == {"q0": {"q0-d1": 1}}
    assert made.rated("ben", "q0", "q0-d1", None).raters == ("ann", "cem")


def test_a_persons_rating_takes_the_place_of_the_imported_one():
    """Upwards as well as downwards, for that document alone; of several people the median stays."""
    made = replace(small_set(1, 2), judgments={"imported": {"q0": {"q0-d0": 0, "q0-d1": 2}}})
    for grade in (3, 0):
        assert made.rated("Ann", "q0", "q0-d0", grade).combined() == {"q0": {"q0-d0": grade, "q0-d1": 2}}
    several = made.rated("Ann", "q0", "q0-d0", 3).rated("Ben", "q0", "q0-d0", 1).rated("Cem", "q0", "q0-d0", 2)
    assert several.combined()["q0"]["q0-d0"] == 2
    assert several.combined(["imported"]) == made.combined()
    assert made.rated("Ann", "q0", "q0-d0", 3).rated("Ann", "q0", "q0-d0", None).combined() == made.combined()


def test_ratings_of_queries_beyond_the_limit_go_with_them(monkeypatch):
    """What is cut off leaves no ratings and no documents behind, and is not counted as rated."""
    monkeypatch.setattr(limits, "MAX_QUERIES", 1)
    made = from_files(read("queries.csv", TABLE))
    assert describe(made) == "1 query with 2 candidates; 1 have ratings"
    assert list(made.judgments["imported"]) == ["reset password"]
    assert set(made.documents) == {"kb-1", "kb-2"}


@pytest.mark.parametrize(("least", "most", "said"), [(0, 3, False), (1, 5, True), (-1, 2, True)])
def test_ratings_on_another_scale_are_pointed_out(least, most, said):
    """From 1 on a document counts as relevant, which somebody with a scale of 1 to 5 must hear."""
    made = from_files(read("queries.csv", f"query,document,rating\nq,one,{least}\nq,two,{most}\n".encode()))
    assert any(note.startswith(f"Ratings go from {least} to {most}.") for note in made.notes) == said


# Nothing is lost on the way through


def kept(made, tmp_path):
    """The set as it comes back from the disk."""
    with QuerySetStore(tmp_path / "kept.sqlite3") as store:
        return store.get(store.save(made))


def test_a_snapshot_comes_out_of_a_set_as_it_went_in(tmp_path):
    """Name, time, case, title, columns, ratings and queries without results, byte for byte."""
    data = (
        b"Snapshot Name,Snapshot Time,Case ID,Query Text,Doc ID,Doc Position,Rating,title,overview\n"
        b"May,2026-05-01T00:00:00Z,7,star trek,a,1,3,A,The first of the two films\n"
        b"May,2026-05-01T00:00:00Z,7,star trek,b,2,,B,The second of the two films\n"
        b"May,2026-05-01T00:00:00Z,7,nothing,,,,,\n"
    )
    made = kept(from_files(read("snapshot.csv", data)), tmp_path)
    assert write("quepid-snapshot", made.imported()) == data
    assert made.initial == {"star trek": ("a", "b")}


def test_reference_answers_come_out_of_a_set(tmp_path):
    """OpenSearch's query set is given back with its answers."""
    data = b'{"queryText": "tv", "referenceAnswer": "a screen"}\n{"queryText": "radio", "referenceAnswer": ""}\n'
    made = kept(from_files(read("queries.ndjson", data)), tmp_path)
    assert write("opensearch-queries", made.imported()) == data


def test_scores_and_the_name_of_a_run_come_out_of_a_set(tmp_path):
    """A TREC run with the texts of its documents is given back."""
    data = b"q Q0 a 1 3.5 me\nq Q0 b 2 1.25 me\n"
    texts_of_it = read("t.csv", b"query,id,document\nother,a,Text of a\nother,b,Text of b\n")
    made = kept(from_files([read("results.run", data), replace(texts_of_it, queries={}, run={})]), tmp_path)
    assert write("trec-run", made.imported()) == data


def test_scores_of_a_table_are_kept_for_the_candidates_alone(tmp_path):
    """A document without a text is no candidate, and its score goes with it."""
    made = from_files(read("a.csv", b"query,id,document,score\nq,a,one,0.5\nq,b,,0.7\nq,c,three,\n"))
    assert made.scores == {"q": {"a": 0.5}}
    assert kept(made, tmp_path) == made


def test_answers_and_scores_of_queries_beyond_the_limit_go_with_them(monkeypatch):
    """Nothing is kept of a query that is not."""
    monkeypatch.setattr(limits, "MAX_QUERIES", 1)
    data = read("a.csv", b"query,document,score\nq,one,0.5\nr,two,0.7\n")
    made = from_files(replace(data, answers={"q": "yes", "r": "no"}))
    assert (made.answers, made.scores) == ({"q": "yes"}, {"q": {"one": 0.5}})


def test_the_raters_of_a_book_are_those_of_the_set():
    """Each keeps what he rated; ratings of another file are the import's. One of them can be taken away alone."""
    book = read("book.csv", b"query,docid,Ann,Ben\nreset password,kb-1,3,1\nreset password,kb-2,,0\n")
    made = from_files([book, read("queries.csv", TABLE)])
    assert made.raters == ("Ann", "Ben", "imported")
    assert made.judgments["Ben"] == {"reset password": {"kb-1": 1, "kb-2": 0}}
    assert b"reset password,kb-1,1\n" in write("quepid-ratings", made.imported(["Ben"]))
    apart = write("quepid-ratings", made.imported(apart=True)).decode().splitlines()
    assert apart[:2] == ["query,docid,Ann,Ben,imported", "reset password,kb-1,3,1,3"]


def test_the_work_grows_with_the_rows_and_not_with_their_square():
    """Each query is looked up among the documents, and not all documents for each query."""

    class Counted(str):
        looked_up = 0

        def __hash__(self):
            Counted.looked_up += 1
            return super().__hash__()

    documents = {query: [Counted(f"{query}-{place}") for place in range(5)] for query in map(str, range(300))}
    imported = Imported(
        "table",
        queries={query: query for query in documents},
        documents={name: "text" for names in documents.values() for name in names},
        run={query: tuple(names) for query, names in documents.items()},
    )
    Counted.looked_up = 0
    from_files(imported)
    assert Counted.looked_up < 50 * 1500


def test_a_person_has_the_last_word_on_the_sample_too():
    """The ratings that came with the sample are nobody's; a higher grade of a person counts as much as a lower one."""
    sample = from_sample()
    (query, grades), *_ = sample.judgments["sample"].items()
    document = next(name for name, grade in grades.items() if grade == 0)
    assert sample.rated("Me", query, document, 3).combined()[query][document] == 3
