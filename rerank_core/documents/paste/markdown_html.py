"""HTML inside Markdown: read as the text that it shows, with code and the layout of the lines as they are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from rerank_core.documents.markup import is_markup, markup_note, resolved, text_of_markup
from rerank_core.documents.report import ParsedDocuments, Problems

# a fence with all that is in it, code between ticks, an address between brackets; each ends soon or is passed over
_CODE = re.compile(
    r"(?P<fence>^[ ]{0,3}(?P<marks>`{3,20}|~{3,20})[^\n]*+\n(?:(?![ ]{0,3}(?P=marks))[^\n]*+(?:\n|\Z))*+[^\n]*+)"
    r"|(?<!`)(?P<ticks>`{1,20}+)[^`\n]++(?P=ticks)(?!`)"
    r"|<(?:https?://|mailto:)[^<>\s]{1,2000}>|<[^<>\s@]{1,64}@[^<>\s@]{1,200}>",
    re.MULTILINE,
)
_BROKEN_TAG = re.compile(r"<[A-Za-z/](?:[^<>\"']++|\"[^\"<>]*+\"|'[^'<>]*+')*+>")
_MARK = "\x01"


def markdown_markup_read(parsed: ParsedDocuments, *, as_text: bool = True) -> ParsedDocuments:
    """Documents of a Markdown file with the HTML in their texts and headings read as text, and a note that says so;
    with its HTML kept where `as_text` is False. `markup` says which; a file without HTML stays as it is."""
    marked = {document.text for document in parsed.documents if is_markup(document.text)}
    if not marked:
        return parsed
    if not as_text:
        return replace(parsed, markup=False)
    documents, problems = [], Problems(found=parsed.problems, more=parsed.more_problems)
    for place, document in enumerate(parsed.documents, 1):
        text = text_of_markdown(document.text) if document.text in marked else document.text
        if text.strip():
            documents.append(replace(document, text=text, metadata=_headings(document.metadata)))
        else:
            problems.add(0, f"Document {place:,} holds HTML and no words. It was left out.")
    return replace(
        parsed,
        documents=tuple(documents),
        problems=problems.by_line(),
        more_problems=problems.more,
        notes=(*parsed.notes, markup_note(dict.fromkeys(marked, ""), ())),
        markup=True,
    )


def _headings(metadata: Mapping[str, object]) -> dict[str, object]:
    return {
        name: text_of_markdown(value) if isinstance(value, str) and is_markup(value) else value
        for name, value in metadata.items()
    }


def text_of_markdown(text: str) -> str:
    """Markdown without the HTML in it. Code stays, and so do lines without a tag; a line of nothing but tags goes."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace(_MARK, "")
    code: list[str] = []

    def put_away(found: re.Match[str]) -> str:
        code.append(found[0])
        return f"{_MARK}{len(code) - 1}{_MARK}"

    text = _without_comments(_CODE.sub(put_away, text))
    text = _BROKEN_TAG.sub(lambda tag: " ".join(tag[0].split()), text)
    lines: list[str] = []
    for line in text.split("\n"):
        if "<" in line:
            bare = line.lstrip()
            indent = line[: len(line) - len(bare)]
            lines += [indent + part for part in text_of_markup(bare).split("\n") if part]
        else:
            lines.append(resolved(line))
    return re.sub(f"{_MARK}([0-9]+){_MARK}", lambda mark: code[int(mark[1])], "\n".join(lines)).strip()


def _without_comments(text: str) -> str:
    parts, place = [], 0
    while (start := text.find("<!--", place)) >= 0 and (end := text.find("-->", start + 4)) >= 0:
        parts.append(text[place:start])
        place = end + 3
    return "".join([*parts, text[place:]])
