"""Counts in words, several imports as one, orders by rank or score, titles, and limits."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rerank_core.documents import (
    Limits,
    ParsedDocuments,
    Problem,
    describe,
    merge,
    order_by,
    parse_documents,
    read_documents,
    report,
)
from rerank_core.documents.order import number_of
from rerank_core.errors import InvalidDocumentsError
from rerank_core.models import Document


def documents(**numbers: object) -> list[Document]:
    return [Document(text, metadata={} if value is None else {"score": value}) for text, value in numbers.items()]


def texts(found: object) -> list[str]:
    return [document.text for document in found]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("parsed", "words"),
    [
        (parse_documents(""), "No documents"),
        (parse_documents("a"), "1 document"),
        (parse_documents("a\nb"), "2 documents"),
        (parse_documents('["a", null]'), "1 document from 2 items; 1 item left out"),
        (parse_documents("[null, 1]"), "No documents from 2 items; 2 items left out"),
        (read_documents("a.csv", b"id,text\n1,a\n2,\n3,\n"), "1 document from 3 rows; 2 rows left out"),
        (parse_documents("\n".join("a" * 1200)), "1,200 documents"),
    ],
)
def test_an_import_in_words(parsed: ParsedDocuments, words: str) -> None:
    """How many documents, from how many entries, and how many were left out."""
    assert describe(parsed) == words


def test_a_problem_is_a_pair_and_a_sentence() -> None:
    """Line and reason by place or by name; line 0 is the source as a whole."""
    line, reason = Problem(1200, "It is blank.")
    assert (line, reason) == (1200, "It is blank.")
    assert str(Problem(1200, "It is blank.")) == "Line 1,200: It is blank."
    assert str(Problem(0, "It is empty.")) == "It is empty."


def test_several_files_become_one_import() -> None:
    """Documents say which file they are from, problems begin with its name, agreed roles stay."""
    merged = merge(
        [
            read_documents("a.csv", b"id,text,file\n1,a,own\n2,,x\n"),
            read_documents("b.csv", b"key,text\n3,b\n"),
            read_documents("c.png", b"x"),
            parse_documents('{"query": "q", "documents": ["c"]}'),
        ]
    )
    assert [(d.text, d.id, d.metadata) for d in merged.documents] == [
        ("a", "1", {"file": "own"}),
        ("b", "3", {"file": "b.csv"}),
        ("c", None, {}),
    ]
    assert str(merged.problems[0]) == "Line 3: a.csv: The 'text' cell is blank."
    assert merged.problems[1].reason.startswith("c.png: Files that end in .png")
    assert (merged.mode, merged.query, merged.rows, merged.chosen) == ("several", "q", 4, {"text": "text"})
    assert merged.columns == ("id", "text", "file", "key")
    assert merge([]).documents == ()


def test_rank_sorts_up_and_score_down_with_equals_in_order() -> None:
    """The best comes first either way, and what is equal keeps its place."""
    assert texts(order_by(documents(a="1", b="10", c="2", d="1"), "score").documents) == ["b", "c", "a", "d"]
    ranked = [
        Document(text, metadata={"Rank": rank}) for text, rank in (("a", "10"), ("b", 2), ("c", "2"), ("d", "#1"))
    ]
    assert texts(order_by(ranked, "rank").documents) == ["d", "b", "c", "a"]


def test_documents_without_a_number_come_last_and_are_named() -> None:
    """They keep their order among themselves, and each is a problem with its place."""
    ordered = order_by(documents(a="n/a", b="0.5", c=None, d="0,9"), "score")
    assert texts(ordered.documents) == ["d", "b", "a", "c"]
    assert [tuple(problem) for problem in ordered.problems] == [
        (1, "This document has no score to sort by: 'n/a' is not a number. It comes last."),
        (3, "This document has no score to sort by: it has none. It comes last."),
    ]


def test_an_import_sorts_by_the_column_chosen_for_it() -> None:
    """The choice counts over names, and a column can be given besides."""
    parsed = read_documents("a.csv", b"text,score,mine\na,1,2\nb,2,1\n", {"score": "mine"})
    assert texts(order_by(parsed, "score").documents) == ["a", "b"]
    assert texts(order_by(parsed, "score", "score").documents) == ["b", "a"]


def test_an_order_that_nothing_supports_is_refused() -> None:
    """Without any number, or by something else, there is no order to make."""
    with pytest.raises(InvalidDocumentsError, match="None of the documents has a rank"):
        order_by(documents(a="1"), "rank")
    with pytest.raises(InvalidDocumentsError, match="no order by 'size'"):
        order_by(documents(a="1"), "size")  # type: ignore[arg-type]
    assert order_by([], "rank").documents == ()


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("0.87", 0.87), ("0,87", 0.87), ("1,200", 1200.0), ("1,200.5", 1200.5), (",5", 0.5), ("87%", 87.0), ("#3", 3.0),
        ("3.", 3.0), (" -2 ", -2.0), ("−2", -2.0), ("1e-3", 0.001), (5, 5.0), (0.5, 0.5),
        ("", None), ("a", None), ("nan", None), ("inf", None), ("1e999", None), (None, None), (True, None), ([1], None),
        (10**400, None),
    ],
)  # fmt: skip
def test_numbers_are_read_as_people_write_them(cell: object, number: float | None) -> None:
    """Decimal commas, thousands, per cent and number signs; what is no finite number is None."""
    assert number_of(cell) == number


@given(
    st.lists(st.one_of(st.none(), st.floats(), st.integers(), st.text(max_size=5))), st.sampled_from(["rank", "score"])
)
@settings(deadline=None)
def test_an_order_is_a_rearrangement(values: list[object], by: str) -> None:
    """No document is lost or doubled, numbers are in order and the rest follows."""
    given_documents = [Document(str(place), metadata={by: value}) for place, value in enumerate(values)]
    try:
        ordered, problems = order_by(given_documents, by)  # type: ignore[arg-type]
    except InvalidDocumentsError:
        assert all(number_of(value) is None for value in values)
        return
    assert sorted(texts(ordered), key=int) == texts(given_documents)
    numbers = [number_of(document.metadata[by]) for document in ordered]
    known = [number for number in numbers if number is not None]
    assert numbers[: len(known)] == known == sorted(known, reverse=by == "score")
    assert len(problems) == len(numbers) - len(known)


@pytest.mark.parametrize(
    "wrong", [{"documents": 0}, {"file_bytes": -1}, {"control_share": 0.0}, {"control_share": 1.5}]
)
def test_limits_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    """A limit of nothing would read nothing."""
    with pytest.raises(ValueError, match=r"limit|share"):
        Limits(**wrong)  # type: ignore[arg-type]


def test_importing_stays_light() -> None:
    """Neither reading text nor guessing languages brings openpyxl, py3langid or numpy along before it is needed."""
    code = (
        "import sys; import rerank_core.documents as d, rerank_core.language;"
        "d.parse_documents('a'); d.read_documents('a.csv', b'a,b');"
        "print([name for name in ('openpyxl', 'py3langid', 'numpy', 'pandas', 'streamlit') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@given(
    st.text(st.characters() | st.sampled_from("\x00\x08\t\n\r\x0c\x0e\x1a\x1b\x1f\x7f\x80é漢"), max_size=40),
    st.integers(1, 9),
)
def test_control_characters_are_counted_in_every_text(text: str, at_once: int) -> None:
    """All but tabs, line breaks, form feeds and the escape character, in pieces of any size."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(report, "_AT_ONCE", at_once)
        found = report.controls(text)
    assert found == sum((char < " " and char not in "\t\n\v\f\r\x1b") or char == "\x7f" for char in text)
    assert report.is_binary(text, 0.3) == (found > 0.3 * len(text))
