"""Pasted lines, paragraphs and JSON."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rerank_core.documents import Limits, ParsedDocuments, Problem, describe, parse_documents
from rerank_core.errors import InvalidDocumentsError


def texts(parsed: ParsedDocuments) -> list[str]:
    return [document.text for document in parsed.documents]


@pytest.mark.parametrize(
    ("pasted", "mode", "expected"),
    [
        ("a\nb", "lines", ["a", "b"]),
        ("a\nb\n\n", "lines", ["a", "b"]),
        ("\n\na\r\nb\rc", "lines", ["a", "b", "c"]),
        ("one document", "lines", ["one document"]),
        ("a\nb\n\nc", "paragraphs", ["a\nb", "c"]),
        ("a\r\nb\r\n \t \r\nc\r\n", "paragraphs", ["a\r\nb", "c"]),
        ('["a", "b"]', "json", ["a", "b"]),
        ('"one"', "json", ["one"]),
        ("42", "lines", ["42"]),
        ("null", "lines", ["null"]),
        ("[1] A footnote\nNot JSON", "lines", ["[1] A footnote", "Not JSON"]),
        ("{braces} and prose", "lines", ["{braces} and prose"]),
        ('"Quoted," he said', "lines", ['"Quoted," he said']),
        ("", "lines", []),
        (" \n\t\n", "lines", []),
    ],
)
def test_auto_mode_finds_the_form(pasted: str, mode: str, expected: list[str]) -> None:
    """Auto is JSON if it parses, else paragraphs if a blank line stands between texts, else lines."""
    parsed = parse_documents(pasted)
    assert (parsed.mode, texts(parsed), parsed.problems) == (mode, expected, ())


@pytest.mark.parametrize(
    ("pasted", "expected"),
    [
        ('```json\n["a","b"]\n```', ["a", "b"]),
        ('\n~~~\n["a","b"]\n~~~\n\n', ["a", "b"]),
        ('````jsonl\r\n{"text": "a"}\r\n{"text": "b"}\r\n````', ["a", "b"]),
        ('```\n"a"\n"b"\n```', ["a", "b"]),
        ('```json\n["a","b"]', ["a", "b"]),
        ('// comment\n["a","b"]', ["a", "b"]),
        ('# one\n\n// two\n/* three\nfour */ {"documents": ["a", "b"]}', ["a", "b"]),
        ('# The reply\n```json\n// as it came\n["a",\n"b"]\n```', ["a", "b"]),
        ("```python\n['a', 'b',]\n```", ["a", "b"]),
        ("```python\ndocuments = ['a', 'b']\n```", ["a", "b"]),
    ],
)
@pytest.mark.parametrize("mode", ["auto", "json"])
def test_json_in_a_fence_or_below_a_comment_is_json(pasted: str, expected: list[str], mode: str) -> None:
    """What chats and READMEs put around JSON is no document."""
    parsed = parse_documents(pasted, mode)
    assert (parsed.mode, texts(parsed), parsed.problems) == ("json", expected, ())


@pytest.mark.parametrize(
    "pasted",
    [
        "# Heading\nA text",
        '# Quotes\n"To be or not to be"',
        "```\nplain\n```",
        '```json\n["a"]\n```\nThat is it.',
        "#1\n#2",
        "/* a",
    ],
)
def test_fences_and_hashes_around_other_texts_stay(pasted: str) -> None:
    """Only JSON loses what stands around it."""
    assert texts(parse_documents(pasted)) == pasted.split("\n")


def test_lines_below_a_fence_keep_their_numbers() -> None:
    """A problem names the line of the paste, not that of the JSON in it; so does the note on damage."""
    assert parse_documents('# reply\r\n```json\r\n["a",\r\n5]\r\n```').problems[0].line == 4
    assert "line 3, column 5" in parse_documents('```json\n["a",\n"b" "c"]\n```').notes[0]


def test_list_markers_are_kept() -> None:
    """Only the white space around a line goes; numbers and bullets may be part of a text."""
    assert texts(parse_documents("1. first\n  - second\n\t• third ")) == ["1. first", "- second", "• third"]


def test_odd_characters_survive() -> None:
    """NUL, lone surrogates, line separators of Unicode, right-to-left marks and emoji stay as they are."""
    odd = [
        "a\x00b",
        "\ud800x",
        "one\u2028two\x0bthree\x85four",
        "\u202eabc",
        "👩‍👩‍👧",
        "![x](http://e/x.png)",
        "<b>$x$</b>",
    ]
    assert texts(parse_documents("\n".join(odd), "lines", markup_as_text=False)) == odd


def test_a_byte_order_mark_is_no_part_of_the_first_text() -> None:
    """A mark that a copied file brings along is dropped, before JSON too."""
    assert texts(parse_documents("\ufeffa\nb")) == ["a", "b"]
    assert texts(parse_documents('\ufeff["a"]')) == ["a"]


@pytest.mark.parametrize("mode", ["lines", "paragraphs"])
def test_the_mode_can_be_chosen(mode: str) -> None:
    """JSON read as lines or paragraphs is text like any other."""
    parsed = parse_documents('["a",\n\n"b"]', mode)
    assert (parsed.mode, texts(parsed)) == (mode, ['["a",', '"b"]'])


@given(st.lists(st.text(st.characters(exclude_categories=()), min_size=1)))
@settings(deadline=None)
def test_lines_round_trip(lines: list[str]) -> None:
    """Any lines that hold something come back stripped and in order, whatever characters they hold."""
    lines = [line.replace("\n", " ").replace("\r", " ") for line in lines]
    parsed = parse_documents("\n".join(lines), "lines")
    assert texts(parsed) == [
        line.removeprefix("\ufeff").strip() if place == 0 else line.strip()
        for place, line in enumerate(lines)
        if (line.removeprefix("\ufeff") if place == 0 else line).strip()
    ]


@given(st.lists(st.text(st.characters(exclude_categories=())).filter(lambda text: text.strip())), st.booleans())
@settings(deadline=None)
def test_json_strings_round_trip(strings: list[str], ascii_only: bool) -> None:
    """JSON strings come back exactly, surrounding white space included."""
    parsed = parse_documents(json.dumps(strings, ensure_ascii=ascii_only))
    assert parsed.mode == "json"
    if ascii_only:
        # json itself joins two lone halves that happen to form one character
        assert texts(parsed) == json.loads(json.dumps(strings))
    else:
        assert texts(parsed) == strings


@given(
    st.text(st.characters(exclude_categories=()), max_size=300),
    st.sampled_from(["auto", "lines", "paragraphs", "json"]),
)
@settings(deadline=None, max_examples=300)
def test_any_text_parses(text: str, mode: str) -> None:
    """No paste raises; every problem names a line of the paste or, with 0, the whole of it."""
    parsed = parse_documents(text, mode)
    last = text.count("\n") + text.count("\r") + 1
    assert all(0 <= problem.line <= last and problem.reason for problem in parsed.problems)
    assert all(document.text.strip() for document in parsed.documents)


@given(st.text(st.sampled_from("[]{}(),:\"'`\\\n #/*=-+.0aud\u00e9"), max_size=60), st.sampled_from(["auto", "json"]))
@settings(deadline=None, max_examples=400)
def test_any_brackets_and_quotes_parse(text: str, mode: str) -> None:
    """What looks like code or JSON and is none raises nothing either."""
    for pasted in (text, f"documents = {text}", f"curl -d {text}", f"[{text}]"):
        assert describe(parse_documents(pasted, mode))


@pytest.mark.parametrize(
    "hostile",
    [
        "[" * 100_000,
        '{"a":' * 100_000,
        "(" * 100_000,
        "['" * 50_000,
        '["' + "\\" * 100_001,
        "documents=[" * 10_000,
        "x = " + "documents: [" * 10_000,
        "curl -d '" + "\\" * 100_000,
        "x=" + "/*" * 50_000,
        "a:" + " " * 100_000,
        "a" * 100_000,
        '"' * 100_001,
    ],
)
@pytest.mark.parametrize("mode", ["auto", "json"])
def test_hostile_nesting_is_read_without_a_crash(hostile: str, mode: str) -> None:
    """Deep nesting and endless beginnings end in a problem or a text."""
    parsed = parse_documents(hostile, mode)
    assert parsed.documents or parsed.problems


def test_damaged_json_names_line_and_column() -> None:
    """Asked for JSON, a damaged one gives no documents but the place of the damage."""
    parsed = parse_documents('[\n "a",\n "b" "c"\n]', "json")
    assert not parsed.documents
    (problem,) = parsed.problems
    assert problem == (3, "The JSON is damaged at line 3, column 6: a comma or a closing bracket is missing.")


def test_damaged_json_in_auto_mode_is_lines_with_a_note() -> None:
    """NotJson JSON becomes plain text, and a note says so and where the damage is."""
    parsed = parse_documents('["a",\n"b" "c"]')
    assert parsed.mode == "lines"
    assert parsed.notes == (
        "This looks like JSON and was read as plain text. "
        "The JSON is damaged at line 2, column 5: a comma or a closing bracket is missing.",
    )


def test_a_document_beyond_the_limit_is_left_out_and_named() -> None:
    """A text that is too long is never cut; the sentence has both numbers."""
    parsed = parse_documents("short\n" + "x" * 101, limits=Limits(document_characters=100))
    assert texts(parsed) == ["short"]
    assert parsed.problems == (Problem(2, "This document has 101 characters; the limit is 100. It was left out."),)


def test_more_documents_than_the_limit_keep_the_first() -> None:
    """What fits is kept, and one problem says how many do not."""
    parsed = parse_documents("a\nb\nc\nd", limits=Limits(documents=2))
    assert texts(parsed) == ["a", "b"]
    assert parsed.problems == (Problem(3, "The limit is 2 documents; the first 2 were kept and 2 more were not."),)
    assert describe(parsed) == "2 documents from 4 lines; 2 lines left out"


def test_a_paste_beyond_the_size_limit_is_refused() -> None:
    """The size counts in bytes of UTF-8, and nothing is read beyond it."""
    parsed = parse_documents("é" * 600, limits=Limits(file_bytes=1000))
    assert not parsed.documents
    assert parsed.problems == (Problem(0, "The text is 1,200 bytes; the limit is 1,000 bytes. Nothing was read."),)


@pytest.mark.parametrize("arguments", [(None,), (b"bytes",), (["a"],), ("a", "yaml"), ("a", "")])
def test_wrong_arguments_are_refused(arguments: tuple[object, ...]) -> None:
    """Anything but a string and a known mode is the caller's mistake."""
    with pytest.raises(InvalidDocumentsError):
        parse_documents(*arguments)  # type: ignore[arg-type]


def test_a_long_line_and_many_lines_are_one_pass() -> None:
    """100 kB without a space is one document, and 10,000 lines are 10,000."""
    assert len(parse_documents("x" * 100_000).documents) == 1
    assert len(parse_documents("\n".join(f"line {n}" for n in range(10_000))).documents) == 10_000
