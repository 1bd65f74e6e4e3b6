"""Requests copied from code."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rerank_core.documents import ParsedDocuments, parse_documents
from rerank_core.documents.paste.literals import NotLiteral, Opaque, read_literal


def texts(parsed: ParsedDocuments) -> list[str]:
    return [document.text for document in parsed.documents]


CURL = r"""
$ curl -X POST https://api.gateflow.ai/v1/rerank \
    -H "Authorization: Bearer $GATEFLOW_API_KEY" \
    -H 'Content-Type: application/json' \
    -d '{
      "model": "rerank-english-v3.0",
      "query": "what'\''s a reset?",
      "documents": ["it'\''s \"a\"", null,
        {"text": "b", "id": 2}],
      "top_n": 2
    }'
"""

PYTHON = '''
import os
import httpx

response = httpx.post(
    "https://api.gateflow.ai/v1/rerank",
    headers={"Authorization": f"Bearer {os.environ['GATEFLOW_API_KEY']}"},
    json={
        "model": MODEL,
        'query': 'how do I?',
        "documents": [
            "it's \\"a\\"",  # the first
            None,
            {"text": """b""", "id": 2},
        ],
        "top_n": 2,
    },
)
'''

SDK = """
response = client.rerank(
    model="rerank-english-v3.0",
    query="how do I?",
    documents=[
        Document(page_content="it's \\"a\\"", metadata={"lang": "en"}),
        None,
        Document(page_content=("b"), id=2),
    ],
    top_n=2,
)
"""

JAVASCRIPT = """
const response = await fetch("https://api.gateflow.ai/v1/rerank", {
  method: "POST",
  headers: { Authorization: `Bearer ${process.env.GATEFLOW_API_KEY}` },
  body: JSON.stringify({
    model: 'rerank-english-v3.0',
    query: "how do I?",
    documents: [
      'it\\'s "a"', null,
      { text: `b`, id: 2 },
    ],
    top_n: 2,
  }),
});
"""

ASSIGNED = """documents = [
    'it\\'s "a"',
    None,
    {"text": "b", "id": 2},
]
query = "how do I?"
top_n = 2
"""


@pytest.mark.parametrize(
    ("code", "query", "line"),
    [
        (CURL, "what's a reset?", 8),
        (PYTHON, "how do I?", 13),
        (SDK, "how do I?", 7),
        (JAVASCRIPT, "how do I?", 9),
        (ASSIGNED, "how do I?", 3),
    ],
    ids=["curl", "python", "sdk", "javascript", "assigned"],
)
@pytest.mark.parametrize("mode", ["auto", "json"])
def test_a_request_inside_code_is_found(code: str, query: str, line: int, mode: str) -> None:
    """Documents, query and top_n come out of copied code, problems with the line in it."""
    parsed = parse_documents(code, mode)
    assert parsed.mode == "json"
    assert texts(parsed) == ['it\'s "a"', "b"]
    assert (parsed.query, parsed.top_n) == (query, 2)
    assert parsed.documents[1].id == "2"
    assert [problem.line for problem in parsed.problems] == [line]


@pytest.mark.parametrize(
    "pasted",
    [
        "['a', 'b']",
        '["a", "b",]',
        "('a', 'b')",
        "{documents: ['a', 'b'], query}",
        '"a",\n"b"',
        "'a',\n'b',",
        "{'documents': ('a', 'b')}",
        '[\n  // first\n  "a",\n  # second\n  "b", /* done */\n];',
        r"""curl https://x -d "{\"documents\": [\"a\", \"b\"]}" """,
        """curl https://x --data-raw='{"documents": ["a", "b"]}'""",
        """curl https://x --json '{"documents": ["a", "b"]}' -H 'A: b'""",
        "x(documents=['a', 'b'])",
        "x(documents=[('a'), 'b'], query=get('q'))",
        'docs: list[str] = ["a", "b"]',
        "POST /v1/rerank HTTP/1.1\nHost: x\n\n{\"documents\": ['a', 'b']}",
        "```python\nco.rerank(query=q, documents=['a', 'b'])\n```",
        "x = [\n]\ndocuments = ['a', 'b']",
    ],
)
def test_loose_literals_are_read(pasted: str) -> None:
    """Single quotes, trailing commas, comments, bare names and brackets left behind do not matter."""
    parsed = parse_documents(pasted)
    assert (parsed.mode, texts(parsed)) == ("json", ["a", "b"])


@pytest.mark.parametrize(
    "prose",
    [
        "Call the service with documents=['a', 'b'] and look at the reply.",
        "# Guide\ndocuments: ['a', 'b']",
        "[see note] here",
        "(optional) first step",
        "[link](http://x)",
        "- documents: [a, b]",
        "{query} is a placeholder",
        "'quoted' words",
        "[TODO, later]",
        "curl is a program",
        "documents = [a, b]",
    ],
)
def test_prose_that_mentions_code_stays_prose(prose: str) -> None:
    """An article that contains code, and notes in brackets, are texts."""
    parsed = parse_documents(prose)
    assert (parsed.mode, "\n".join(texts(parsed))) == ("lines", prose)


def test_names_in_code_are_problems() -> None:
    """A variable among the documents cannot be read, and that is said."""
    parsed = parse_documents("rerank(documents=['a', intro,\n load(1)])")
    assert texts(parsed) == ["a"]
    assert [tuple(problem) for problem in parsed.problems] == [
        (1, "This item is a name in the code, not a text or an object with one."),
        (2, "This item is a name in the code, not a text or an object with one."),
    ]


def test_a_missing_comma_never_joins_two_documents() -> None:
    """Python would join two strings in a list; here that is damage, since two documents were meant."""
    parsed = parse_documents("['a'\n'b']", "json")
    assert not parsed.documents
    assert parsed.problems


@pytest.mark.parametrize(
    ("literal", "value"),
    [
        ("'a'", "a"),
        (r"'\n\t\\\'\x41\u00e9\u{1F600}\q'", "\n\t\\'Aé😀q"),
        (r'"\ud83d\ude00"', "😀"),
        (r"r'\n'", r"\n"),
        ("'''a\n'b'''", "a\n'b"),
        ("`a\n${b}`", "a\n${b}"),
        ("('a' 'b')", "ab"),
        ("'a' +\n 'b'", "ab"),
        ("('a',)", ["a"]),
        ("()", []),
        ("[1, -2.5e3, 1_000, .5]", [1, -2500.0, 1000, 0.5]),
        ("[true, False, null, None, undefined]", [True, False, None, None, None]),
        ("{a: 1, 'b': [2], 3: 4}", {"a": 1, "b": [2], "3": 4}),
        ("dict(a=1, b='x')", {"a": 1, "b": "x"}),
        ("JSON.stringify({a: 1})", {"a": 1}),
    ],
)
def test_literals(literal: str, value: object) -> None:
    """Strings of three languages, numbers, containers and calls with named arguments have their values."""
    assert read_literal(literal).value == value


@pytest.mark.parametrize("name", ["x", "os.environ['K']", "f('a')", "a.b(c).d", "process.env?.KEY", "x[0][1]"])
def test_expressions_have_no_value(name: str) -> None:
    """Nothing is evaluated: names, calls and lookups are opaque."""
    assert isinstance(read_literal(name).value, Opaque)


@pytest.mark.parametrize("broken", ["", "[", "['a'", "{'a' 1}", "'a\nb'", "[1 2]", "@", "{1: }", "(" * 200])
def test_what_is_no_literal_is_refused(broken: str) -> None:
    """A broken literal raises, so that the caller can read the text in another way."""
    with pytest.raises(NotLiteral):
        read_literal(broken)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
        max_leaves=8,
    )
)
@settings(deadline=None)
def test_python_literals_round_trip(value: object) -> None:
    """What Python writes with repr is read back as it was."""
    assert read_literal(repr(value)).value == value
