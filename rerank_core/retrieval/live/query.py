"""The body of a `_search` request, made from a template that people may edit."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from rerank_core.errors import ConfigurationError

PLACEHOLDER = "{{query}}"

_MARK = re.compile(r"\{\{\s*query\s*\}\}")
_UNQUOTED = re.compile(r":\s*\{\{\s*query\s*\}\}")
_DEEPEST = 40


@dataclass(frozen=True, slots=True)
class FieldInfo:
    """A field of the index: its dotted path and its type there ("text", "keyword", "date", ...)."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class LiveFields:
    """The fields of an index that matter here, as dotted paths: the text to rank, and a title and an address."""

    text: str
    title: str | None = None
    url: str | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.text, str) or not self.text.strip():
            raise ConfigurationError("The field that holds the text is not named.", hint="Choose the text field.")
        for name in ("text", "title", "url"):
            value = getattr(self, name)
            object.__setattr__(self, name, (value or "").strip() or None)


class QueryTemplate:
    """A JSON object with `{{query}}` in one of its strings, read once and filled in for each question.

    The question is put into the parsed template and written as JSON again, so that no question can change the
    template's structure, whatever it holds. Raises ConfigurationError, with the place of the mistake, for what is
    not JSON, is no object, has no `{{query}}` or has it outside a string.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._parsed = _parsed(text)
        if not any(_MARK.search(string) for string in _strings(self._parsed)):
            raise ConfigurationError(
                f"The query template does not use the question: {PLACEHOLDER} is in none of its values.",
                hint=f'Put {PLACEHOLDER} where the question belongs, as in "query": "{PLACEHOLDER}".',
                code="query_template",
            )

    @classmethod
    def default(cls, fields: LiveFields) -> QueryTemplate:
        """Look for the question's words in the text, and in the title where there is one, which counts double."""
        names = [*([f"{fields.title}^2"] if fields.title and fields.title != fields.text else []), fields.text]
        body = {"query": {"multi_match": {"query": PLACEHOLDER, "fields": names}}}
        return cls(json.dumps(body, indent=2, ensure_ascii=False))

    def fill(self, query: str, size: int) -> dict[str, Any]:
        """The body of a request for the `size` best documents; a `size` in the template gives way to it."""
        body: dict[str, Any] = _filled(self._parsed, query)
        return {**body, "size": size}

    def __eq__(self, other: object) -> bool:
        return self.text == other.text if isinstance(other, QueryTemplate) else NotImplemented

    def __hash__(self) -> int:
        return hash((QueryTemplate, self.text))

    def __repr__(self) -> str:
        return f"QueryTemplate({self.text!r})"


def _parsed(text: str) -> dict[str, Any]:
    try:
        parsed = json.loads(text, parse_constant=_refused)
    except json.JSONDecodeError as error:
        hint = "Correct the JSON, or go back to the default template."
        if _UNQUOTED.search(text):
            hint = f'Put quotation marks around {PLACEHOLDER}, as in "query": "{PLACEHOLDER}".'
        raise ConfigurationError(
            f"The query template is not JSON: line {error.lineno}, column {error.colno}: {error.msg.lower()}.",
            hint=hint,
            code="query_template",
        ) from None
    except (ValueError, RecursionError):
        raise ConfigurationError(
            "The query template is not JSON that a search engine takes.",
            hint="Correct the JSON, or go back to the default template.",
            code="query_template",
        ) from None
    if not isinstance(parsed, dict):
        raise ConfigurationError(
            "The query template is not a JSON object.",
            hint="Write it between { and }, as the body of a _search request.",
            code="query_template",
        )
    _check_depth(parsed, 0)
    return parsed


def _refused(constant: str) -> Any:
    raise ValueError(constant)


def _check_depth(value: Any, depth: int) -> None:
    if depth > _DEEPEST:
        raise ConfigurationError(
            f"The query template is nested more than {_DEEPEST} levels deep.",
            hint="Make it simpler.",
            code="query_template",
        )
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _check_depth(item, depth + 1)


def _strings(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [string for item in items for string in _strings(item)]


def _filled(value: Any, query: str) -> Any:
    if isinstance(value, str):
        return _MARK.sub(lambda _: query, value)
    if isinstance(value, list):
        return [_filled(item, query) for item in value]
    if isinstance(value, dict):
        return {name: _filled(item, query) for name, item in value.items()}
    return value
