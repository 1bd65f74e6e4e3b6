"""HTML inside the fields of records: whether it is there, and the text that a person would read in its place.

Help centres and shops export their texts as HTML. A model would read the tags as words and every one of them is paid
for. The fields are read here and not by the parser of whole web pages: a paste and a small table are read in the
process of the app, where no parser in C meets anybody's text, and there may be 100,000 of them. All patterns take
time in proportion to the text, whatever it is.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from rerank_core.documents.report import ParsedDocuments, Problems, count, listed
from rerank_core.errors import InvalidDocumentsError


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_BLOCKS = _words(
    "address article aside blockquote body br caption center dd details dir div dl dt fieldset figcaption figure "
    "footer form h1 h2 h3 h4 h5 h6 header hr html legend li main menu nav ol p pre section summary table tbody tfoot "
    "thead tr ul"
)
_ROWS = _words("tr table tbody thead tfoot caption")
_SKIPPED = _words("script style template head title iframe object svg canvas noscript textarea select ac:parameter")
_KNOWN = (
    _BLOCKS
    | _SKIPPED
    | _words(
        "a abbr acronym area audio b bdi bdo big button cite code col colgroup data del dfn em embed font i img input "
        "ins kbd label link map mark meta meter nobr option output picture progress q rp rt ruby s samp small source "
        "span strike strong sub sup td th time track tt u var video wbr c0 ddd"  # the last two: hits of Microsoft Graph
    )
)

# A quotation mark inside a tag swaps two of three states (outside, in ", in '), so at most two attempts that began
# elsewhere are alive at any place: the time is linear.
_TAG = re.compile(
    r"<(?P<close>/?)(?P<name>[A-Za-z][A-Za-z0-9:_-]*+)(?=[\s/>])(?:[^<>\"']++|\"[^\"]*+\"|'[^']*+')*+>", re.ASCII
)
_TOKEN = re.compile(rf"<!--|<!\[CDATA\[|<[!?][^<>]*+>|{_TAG.pattern}", re.ASCII)
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_USUAL_ENTITY = re.compile(
    r"&(?:amp|quot|apos|nbsp|#0?39|#8217|[rl][sd]quo|hellip|[nm]dash|[a-zA-Z]uml|szlig|[a-z]acute);"
)
# code in Markdown's ticks, and a tag in quotation marks
_LITERAL = re.compile(r"(?<!`)(`{1,20}+)[^`]++\1(?!`)|[\"'\u201c\u2018]</?[A-Za-z][^<>]{0,200}>[\"'\u201d\u2019]")
_SPOKEN_OF = re.compile(r"[ \t](?:tags?|elements?|attributes?)\b", re.IGNORECASE)
_CODE = re.compile(
    r"className=|=>|=\{|[;{}][ \t]*[\r\n]|\breturn[ \t]*[(<]|\b(?:function|const|let|var)\b[^.!?\n]{0,60}[({=]"
)
_COMPONENT = re.compile(r"className=|=\{")
_MAYBE = ("</", "<\\/", "<br", "<BR", "\\u003c", "\\u003C", "&amp;", "&quot;", "&nbsp;", "&#", "&lt;")
_BEFORE_MENTION = re.compile(r"[^\s>][ \t]{1,40}\Z")
_SPACE_IN_CODE = "\x00"
_NAMED_FIELDS = 3


def may_hold_markup(source: str) -> bool:
    """Whether it is worth looking for HTML in what was read from this text; quick, and never wrongly False."""
    if not ("<" in source or "&" in source or "\\" in source):
        return False
    return any(sign in source for sign in _MAYBE)


def is_markup(text: str) -> bool:
    """Whether a text is HTML rather than a text that has "<" in it or speaks of HTML.

    HTML closes what it opens (`<b>word</b>`), breaks lines (`one<br>two`) and stands neither in quotation marks nor
    in a program. `a < b`, `List<String>`, `<me@example.org>` and "the <b> tag" are text.
    """
    if "<" not in text:
        return False
    bare = _LITERAL.sub(" ", text) if any(mark in text for mark in "`~\"'\u201c\u2018") else text
    opened: set[str] = set()
    closed = broken = False
    for tag in _TAG.finditer(bare):
        name = tag["name"].lower()
        if name not in _KNOWN or _is_mention(bare, tag):
            continue
        if tag["close"]:
            closed = closed or name in opened
        elif _SPOKEN_OF.match(bare, tag.end()):
            return False
        elif name in ("br", "hr", "img"):
            broken = True
        else:
            opened.add(name)
    if not (closed or broken):
        return False
    first = _TAG.match(bare.lstrip())
    begins = first is not None and first["name"].lower() in _KNOWN
    return (_COMPONENT if begins else _CODE).search(bare) is None


def _is_mention(text: str, tag: re.Match[str]) -> bool:
    """Whether a tag stands between the words of a line as a word does: "use <br> for a new line"."""
    start, end = tag.span()
    return text[end : end + 1] in (" ", "\t") and _BEFORE_MENTION.search(text[max(0, start - 42) : start]) is not None


def text_of_markup(text: str) -> str:
    """The text that HTML shows: without tags, comments, scripts and styles, with its entities resolved, each block on
    lines of its own and the cells of a table row between " | ".

    Tags that HTML does not know stay, unless they are closed in the same text or belong to a namespace.
    """
    return _Text(text).read()


def resolved(text: str) -> str:
    """A text with "&amp;" and other entities as the characters that they stand for; soft hyphens, which only say where
    a word may break, are dropped."""
    if "&" in text:
        text = _ENTITY.sub(lambda entity: html.unescape(entity[0]), text)
    return text.replace("\xad", "")


class _Text:
    """One piece of HTML on its way to text."""

    def __init__(self, markup: str) -> None:
        self._markup = markup
        names = [(tag["close"], tag["name"].lower()) for tag in _TAG.finditer(markup)]
        self._ends = {name for close, name in names if close}
        # without blocks the line breaks of the source are the only ones there are
        self._by_blocks = any(name in _BLOCKS for _, name in names)
        self._parts: list[str] = []
        self._code = 0
        self._cells = 0

    def read(self) -> str:
        """All of it."""
        markup, place = self._markup, 0
        unclosed: set[str] = set()
        while token := _TOKEN.search(markup, place):
            self._write(markup[place : token.start()])
            place = token.end()
            opening = token[0]
            if opening in ("<!--", "<![CDATA["):
                closing = "-->" if opening == "<!--" else "]]>"
                end = -1 if closing in unclosed else markup.find(closing, place)
                if end < 0:
                    unclosed.add(closing)
                else:
                    if opening != "<!--":
                        self._write(markup[place:end], literal=True)
                    place = end + 3
            elif token["name"]:
                place = self._tag(token, place, unclosed)
        self._write(markup[place:])
        lines = "".join(self._parts).split("\n")
        kept = (" ".join(line.split()) for line in lines)
        return "\n".join(line for line in kept if line.strip(_SPACE_IN_CODE)).replace(_SPACE_IN_CODE, " ")

    def _tag(self, token: re.Match[str], place: int, unclosed: set[str]) -> int:
        """One tag; where reading goes on."""
        name, closes = token["name"].lower(), bool(token["close"])
        if name not in _KNOWN and ":" not in name and name not in self._ends:
            self._write(token[0])
        elif name in _SKIPPED and not closes and not token[0].endswith("/>"):
            end = None
            if name not in unclosed:
                end = re.compile(rf"</{re.escape(name)}\b[^<>]*+>", re.IGNORECASE).search(self._markup, place)
            if end is None:
                unclosed.add(name)
            else:
                return end.end()
        elif name in ("td", "th"):
            if not closes:
                self._parts.append(" | " if self._cells else "\n")
                self._cells += 1
        elif self._cells and name not in _ROWS:
            self._parts.append(" " if name in _BLOCKS else "")  # a cell stays on the line of its row
        elif name in _BLOCKS:
            self._parts.append("\n")
            self._cells = 0
            if name == "pre":
                self._code = max(0, self._code + (-1 if closes else 1))
        return place

    def _write(self, words: str, *, literal: bool = False) -> None:
        if not words:
            return
        if not literal:
            words = resolved(words)
        if self._code or literal:
            self._parts.append(words.replace("\r\n", "\n").replace(" ", _SPACE_IN_CODE))
        elif self._by_blocks:
            self._parts.append(words.replace("\r", " ").replace("\n", " "))
        else:
            self._parts.append(words)


def field_as_text(values: Sequence[str]) -> dict[str, str]:
    """What to read in place of those values of one field that are HTML, or that hold entities in a field of HTML.

    Each value is judged by itself. Where most of the field is HTML all of it is, and where entities stand in several
    values ("Black &amp; white") they are resolved. An empty result says that the field is plain text.
    """
    suspects = list(dict.fromkeys(value for value in values if "<" in value or "&" in value))
    if not suspects:
        return {}
    found: dict[str, str] = {}
    for value in suspects:
        if is_markup(value):
            found[value] = text_of_markup(value)
        elif value.lstrip().startswith("&lt;") and is_markup(once := resolved(value)):
            found[value] = text_of_markup(once)
    marked = sum(value in found for value in values) if found else 0
    if 2 * marked >= sum(bool(value.strip()) for value in values):
        others = {value: text_of_markup(value) for value in suspects if value not in found}
    elif found or sum(_USUAL_ENTITY.search(value) is not None for value in suspects) > 1:
        others = {value: resolved(value) for value in suspects if value not in found and "`" not in value}
    else:
        others = {}
    return found | {value: text for value, text in others.items() if text != value}


def requested_markup(columns: dict[str, str]) -> bool:
    """Whether HTML is to be read as text, taken out of the columns: "text", the default, or "keep". Raises
    InvalidDocumentsError for anything else."""
    wanted = columns.pop("markup", "").strip().casefold()
    if wanted not in ("", "text", "keep"):
        raise InvalidDocumentsError(f"The markup is '{wanted}'.", hint="Say 'text' or 'keep', or leave it out.")
    return wanted != "keep"


def markup_read(parsed: ParsedDocuments, *, as_text: bool = True) -> ParsedDocuments:
    """An import with the HTML in its texts, titles and other fields read as text, and a note that says so; with its
    HTML kept where `as_text` is False. `markup` says which; an import without HTML stays as it is.

    A document that is nothing but HTML without a word is left out and named.
    """
    texts = field_as_text([document.text for document in parsed.documents])
    changed = changed_fields(document.metadata for document in parsed.documents)
    if not texts and not changed:
        return parsed
    if not as_text:
        return replace(parsed, markup=False)
    documents, problems = [], Problems(found=parsed.problems, more=parsed.more_problems)
    for place, document in enumerate(parsed.documents, 1):
        text = texts.get(document.text, document.text)
        if not text.strip():
            name = f" ('{document.id}')" if document.id else ""
            problems.add(0, f"Document {place:,}{name} holds HTML and no words. It was left out.")
            continue
        metadata = document.metadata if not changed else record_as_text(document.metadata, changed)
        same = text is document.text and metadata is document.metadata
        documents.append(document if same else replace(document, text=text, metadata=metadata))
    return replace(
        parsed,
        documents=tuple(documents),
        problems=problems.by_line(),
        more_problems=problems.more,
        notes=(*parsed.notes, markup_note(texts, changed)),
        markup=True,
    )


def changed_fields(records: Iterable[Mapping[str, object]]) -> dict[str, dict[str, str]]:
    """For each field of these records that holds HTML what `field_as_text` says of it; empty where none does."""
    records = list(records)
    signs = {
        name
        for record in records
        for name, value in record.items()
        if type(value) is str and ("<" in value or "&" in value)
    }
    found: dict[str, dict[str, str]] = {}
    for name in dict.fromkeys(name for record in records for name in record) if signs else ():
        if name in signs:
            values = [value for record in records if type(value := record.get(name)) is str]
            if texts := field_as_text(values):
                found[name] = texts
    return found


def record_as_text(record: Mapping[str, object], changed: Mapping[str, Mapping[str, str]]) -> Mapping[str, object]:
    """One record with what `changed_fields` found in place of its HTML; the record itself where it has none."""
    new = {
        name: text
        for name, found in changed.items()
        if isinstance(value := record.get(name), str) and (text := found.get(value)) is not None
    }
    return {**record, **new} if new else record


def markup_note(texts: Mapping[str, str], changed: Iterable[str]) -> str:
    """Where HTML was read as text, in a sentence: in the texts, if there is any in `texts`, and in these fields."""
    names = [f"'{name}'" for name in changed]
    shown = names[:_NAMED_FIELDS]
    if len(names) > _NAMED_FIELDS:
        shown.append(count(len(names) - _NAMED_FIELDS, "other field"))
    where = listed([*(["the texts"] if texts else []), *shown])
    return f"HTML in {where} was read as text: without tags, with characters such as &amp; resolved."
