"""What a file is goes by what most of its lines say: a bad line, a header or a name's ending changes nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rerank_core.errors import InvalidRequestError
from rerank_core.evaluation import detect, read
from rerank_core.evaluation.formats.imported import Imported
from rerank_core.evaluation.formats.registry import read_directly
from rerank_core.evaluation.query_sets.sources import from_files


def reads(name: str, text: str) -> Imported:
    """What a file is taken for."""
    return read_directly(name, text.encode(), "auto", None)


QRELS = "".join(f"q{number} 0 d{number} {number % 3}\n" for number in range(20))


@pytest.mark.parametrize("ending", ["txt", "qrels", "tsv", "dat", ""])
def test_a_bad_line_leaves_the_others_judgments(ending: str) -> None:
    """20 judgments and one problem, whatever the file is called."""
    found = reads(f"judged.{ending}", QRELS + "q20 0 d20\n")
    assert (found.kind, sum(map(len, found.judgments.values()))) == ("trec-qrels", 20)
    assert [problem.line for problem in found.problems] == [21]


@pytest.mark.parametrize("header", ["query_id iter doc_id relevance", "qid 0 docno label", "topic iter docno rel"])
@pytest.mark.parametrize("mark", [" ", "\t", "  "])
def test_names_above_judgments_are_passed_over(header: str, mark: str) -> None:
    """As pandas writes them; the line is said to be names."""
    lines = [header, "1 0 d1 2", "1 0 d2 0", "2 0 d3 1"]
    found = reads("judged.txt", "\n".join(line.replace(" ", mark) for line in lines))
    assert found.judgments == {"1": {"d1": 2, "d2": 0}, "2": {"d3": 1}}
    assert not found.problems


@pytest.mark.parametrize("second", ["Q0", "q0", "0", "ITER", "1"])
@pytest.mark.parametrize("tail", [" bm25", "", " my model"])
@pytest.mark.parametrize("bad", ["", "q1 Q0 d9\n", "nothing at all\n"])
def test_a_run_is_one_whatever_its_second_part_and_its_name_are(second: str, tail: str, bad: str) -> None:
    """In a .txt as well, with a bad line among them; 5 parts are enough."""
    text = f"q1 {second} a 1 9.5{tail}\nq1 {second} b 2 8.25{tail}\nq2 {second} c 1 7.5{tail}\n{bad}"
    found = reads("run.txt", text)
    assert (found.kind, dict(found.run)) == ("trec-run", {"q1": ("a", "b"), "q2": ("c",)})
    assert len(found.problems) == bool(bad)


def test_a_run_without_its_second_part() -> None:
    """`query document rank score name`."""
    found = reads("run.txt", "q1 a 1 9.5 bm25\nq1 b 2 8.5 bm25\n")
    assert dict(found.run) == {"q1": ("a", "b")}


def test_a_run_and_judgments_between_commas() -> None:
    """Spreadsheets save them so."""
    assert reads("a.csv", "q1,Q0,a,1,9.5,bm25\nq1,Q0,b,2,8.5,bm25\n").run == {"q1": ("a", "b")}
    assert reads("a.csv", "q1,0,a,1\nq1,0,b,2\n").judgments == {"q1": {"a": 1, "b": 2}}


def test_ids_with_spaces_are_refused_between_blanks_and_read_between_tabs() -> None:
    """More parts than six are said where the rank would be taken for the score; a name of two words is no problem."""
    found = reads("a.run", "q1 Q0 doc 1 1 9.0 tag\nq1 Q0 doc 2 2 8.0 tag\n")
    assert not found.run
    assert all("7 parts where a result has 6" in problem.reason for problem in found.problems)
    assert reads("a.run", "q1\tQ0\tdoc 1\t1\t9.0\ttag\n").run == {"q1": ("doc 1",)}
    assert not reads("a.run", "q1 Q0 d1 1 9.0 my model\n").problems


TOPICS = """<top>
<num> Number: 307
<title> New Hydroelectric Projects
<desc> Description:
Identify hydroelectric projects proposed or under construction.
<narr> Narrative:
Relevant documents name one.
</top>

<top>
<num> Number: 310
<title> Radio Waves &amp; Brain
Cancer
</top>
"""


@pytest.mark.parametrize("name", ["topics.txt", "topics.301-350", "t.xml", "t.md"])
def test_topics_are_queries_with_their_number_and_title(name: str) -> None:
    """What is left out is said once."""
    found = reads(name, TOPICS)
    assert found.queries == {"307": "New Hydroelectric Projects", "310": "Radio Waves & Brain Cancer"}
    assert len(found.reading_notes) == 1
    assert not found.problems


@pytest.mark.parametrize(
    ("text", "queries"),
    [
        (
            '<topics><topic number="1"><query>origin</query><question>Where from?</question></topic></topics>',
            {"1": "origin"},
        ),
        ("<top>\n<num> Number: 1 </num>\n<desc> what is it </desc>\n</top>", {"1": "what is it"}),
        (
            '<topic id="a" type="x">\n<title>one</title>\n</topic>\n<topic id="b"><title>two</title></topic>',
            {"a": "one", "b": "two"},
        ),
    ],
)
def test_topics_of_other_layouts(text: str, queries: dict[str, str]) -> None:
    """XML attributes, and topics with a description alone."""
    found = reads("topics.txt", text)
    assert (found.kind, dict(found.queries)) == ("trec-topics", queries)


@pytest.mark.parametrize(
    "text",
    [
        "hard drive|SP2514N|0.67|CLICK_LOGS\nhard drive|6H500F0|0.62|CLICK_LOGS\nipod|MA147LL|0.9|CLICK_LOGS\n",
        "<html>\n<body>\n<p>Text</p>\n</body>\n</html>\n",
        "https://a.test/one\nhttps://a.test/two\n",
        "1\n2\n3\n",
        "[1, 2]\n",
    ],
)
def test_what_is_no_list_of_queries_is_not_called_one(text: str) -> None:
    """Markup, addresses, numbers and rows of cells are asked about, in a .txt too."""
    assert detect("a.txt", text) != "opensearch-queries"
    with pytest.raises(InvalidRequestError):
        read("a.txt", text.encode())


@pytest.mark.parametrize(
    "text",
    [
        "cheap tv\nred dress\n",
        "buy iphone 15\ncheap iphone 14\nred, large dress\nlow-fat milk\n",
        "how do I reset\nwhat is <b> for?\n",
        "tv\n",
        "<3 emoji\nheart\nlove\n",
    ],
)
def test_a_list_of_queries_stays_one(text: str) -> None:
    """Numbers at the end, commas and a sign here or there do not make a table."""
    assert list(reads("queries.txt", text).queries) == text.splitlines()


@pytest.mark.parametrize("mark", ["\t", " ", ","])
def test_ranks_without_names_are_ranks(mark: str) -> None:
    """MS MARCO's runs: rank 1 is the best, never grade 1; it is said, and ratings can be chosen."""
    text = "10 7 1\n10 8 2\n10 9 3\n2 5 1\n2 6 2\n2 4 200\n".replace(" ", mark)
    found = reads("run.tsv", text)
    assert found.run == {"10": ("7", "8", "9"), "2": ("5", "6", "4")}
    assert not found.judgments
    assert "choose 'OpenSearch judgments'" in found.reading_notes[0]
    assert "'Run with scores'" in found.reading_notes[0]
    if mark != " ":
        low = text.replace("200", "100").encode()
        assert read("run.tsv", low, "opensearch-judgments").judgments["10"] == {"7": 1, "8": 2, "9": 3}


def test_a_run_of_ranks_beside_ratings_is_a_run() -> None:
    """Of the same queries: the grades come from the ratings alone."""
    run = reads("run.tsv", "".join(f"10\td{rank}\t{rank}\n" for rank in range(1, 201)))
    ratings = reads("a.qrels", "10 0 d1 3\n10 0 d2 1\n")
    texts = reads("texts.csv", "id,title,text\n" + "".join(f"d{rank},T,text {rank}\n" for rank in range(1, 201)))
    made = from_files([run, ratings, texts])
    assert made.combined() == {"10": {"d1": 3, "d2": 1}}
    assert made.initial["10"][:3] == ("d1", "d2", "d3")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("q1,a,3\nq1,b,0\nq2,c,2\n", "opensearch-judgments"),
        ("q1,a,1\nq1,b,0\nq2,c,1\n", "opensearch-judgments"),
        ("q1,a,1\nq2,b,1\n", "opensearch-judgments"),
        ("q1,a,0\nq1,b,1\n", "opensearch-judgments"),
        ("q1,a,0\nq1,b,1\nq1,c,2\nq2,c,0\n", "ranked-run"),
        ("q1,a,0.53124\nq1,b,12.5\n", "scored-run"),
        ("q1,a,1e-3\nq1,b,2e-3\n", "scored-run"),
        ("q1 a 0.53124\nq1 b 12.5\n", "scored-run"),
    ],
)
def test_three_columns_without_names(text: str, kind: str) -> None:
    """Ratings do not rise by one from 1 on; scores have decimals."""
    assert reads("a.csv", text).kind == kind


def test_files_of_ms_marco() -> None:
    """Queries, passages and candidates with their texts, none of which has names for its columns."""
    queries = reads("queries.dev.tsv", "1048585\twhat is paula deen's brother\n2\tAndrogen receptor define\n")
    assert queries.queries == {"1048585": "what is paula deen's brother", "2": "Androgen receptor define"}
    long = "A long passage about one thing. " * 5
    texts = reads("collection.tsv", f"0\t{long}\n1\tAnother one: {long}\n")
    assert texts.documents == {"0": long, "1": f"Another one: {long}"}
    both = reads("top1000.dev", "1\t7\tblood sugar\tWatch the portions\n2\t8\tgolgi apparatus\tIt is a body\n")
    assert both.run == {"1": ("7",), "2": ("8",)}
    assert both.queries["1"] == "blood sugar"
    assert both.documents["8"] == "It is a body"


DOCUMENTS = "doc_id,title,text\nd1,Title one,text number 1\nd2,,text number 2\n"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("docs.csv", DOCUMENTS),
        ("docs.tsv", DOCUMENTS.replace(",", "\t")),
        ("docs.csv", DOCUMENTS.replace(",", ";")),
        ("docs.csv", DOCUMENTS.replace("doc_id,title,text", "product_id,product_name,product_description")),
    ],
)
def test_a_table_of_documents_brings_the_texts(name: str, text: str) -> None:
    """Beside a run and ratings, which name documents by their ids."""
    texts = reads(name, text)
    assert texts.documents == {"d1": "text number 1", "d2": "text number 2"}
    assert not texts.query_ids
    made = from_files(
        [texts, reads("a.qrels", "q1 0 d1 2\nq1 0 d2 0\n"), reads("a.run", "q1 Q0 d2 1 2 t\nq1 Q0 d1 2 1 t\n")]
    )
    assert made.initial == {"q1": ("d2", "d1")}
    assert "Title one" in made.documents["d1"].metadata.values()


def test_ratings_with_a_title_are_no_documents() -> None:
    """What has ratings and names its queries is read as before."""
    assert reads("a.csv", "query,id,title,rating\ntv,1,A tv,3\n").judgments == {"tv": {"1": 3}}


@given(
    st.text(st.sampled_from("ab01 \t\n,|<>q0Q.-#{}[]\"';"), max_size=200),
    st.sampled_from(["a.txt", "a.csv", "a.run", "a"]),
)
def test_any_lines_are_something_or_asked_about(text: str, name: str) -> None:
    """No text makes the detection fail, and what is read accounts for itself."""
    found = read_directly(name, text.encode(), "auto", None)
    assert found.kind or found.reading_notes
