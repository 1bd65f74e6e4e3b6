"""What is no text of a file: menus, the foot of a page, cookie notices, the site's name in the title, titles that a
program gave."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rerank_core.documents.tables.fields import listed_names

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

_ROLES = frozenset(("navigation", "contentinfo", "search", "dialog", "alertdialog", "menu", "menubar"))
_CONTENT = frozenset(("main", "article", "blockquote", "figure"))
_NAMES = re.compile(
    r"(?:(?:cookie|consent|gdpr)s?[-_]?(?:banner|bar|notice|consent|popup|modal|dialog|overlay|warning|message)s?"
    r"|(?:site|page|global|main)[-_]?(?:footer|nav|navbar|navigation|menu)|footer|navbar|navigation|breadcrumbs?"
    r"|skip[-_]?(?:link|nav|to[-_]content|to[-_]main)|copyright)",
    re.IGNORECASE,
)
_NAMED = frozenset(("div", "section", "aside", "ul", "ol", "p", "a", "span", "form"))
_MOST_NAMES = 30
_ANCESTORS = 60

# The names of legal pages, which stand side by side at the foot of a page.
_LEGAL_WORDS = frozenset(
    listed_names(
        "imprint, impressum, privacy, privacy policy, privacy notice, datenschutz, datenschutzerklärung, cookies, "
        "cookie policy, cookie settings, cookie-einstellungen, terms, terms of use, terms of service, "
        "terms & conditions, agb, legal, legal notice, mentions légales, confidentialité, aviso legal, privacidad, "
        "note legali, accessibility, barrierefreiheit, contact, kontakt, sitemap"
    )
)
_RIGHTS = re.compile(
    r"©|\(c\)\s*\d{4}|copyright\s+(?:©|\(c\)|\d{4})|all rights reserved|alle rechte vorbehalten|tous droits réservés|"
    r"todos los derechos reservados|tutti i diritti riservati",
    re.IGNORECASE,
)
_LEGAL_CHARACTERS = 200
TITLE_CHARACTERS = 200
_NO_TITLE = re.compile(
    r"^(?:microsoft (?:word|powerpoint|excel)\b|powerpoint[ -]"
    r"|(?:untitled|unbenannt|document|dokument|presentation|präsentation|slide) ?\d*$)"
    r"|\.(?:docx?|pdf|pptx?|xlsx?|indd|tex|odt|rtf|html?|qxd)$",
    re.IGNORECASE,
)
_PIECES = re.compile(r"\s*[|·•,/–—\n]\s*|\s-\s")
_SURE_SEPARATORS = (" | ", " · ", " :: ", " » ", " • ")
_SEPARATORS = (*_SURE_SEPARATORS, " - ", " – ", " — ")


def own_title(said: str) -> str:
    """The title that a file says it has, "" where that is the name of a file or one that a program gave it."""
    title = " ".join(said.split())
    return title[:TITLE_CHARACTERS] if any(map(str.isalpha, title)) and not _NO_TITLE.search(title) else ""


def is_furniture(node: LexborNode, tag: str) -> bool:
    """Whether an element is part of the frame of a page and not of its text.

    The head and the foot of an article belong to it; a page's head with a heading in it stays too.
    """
    attributes = node.attributes
    role = (attributes.get("role") or "").strip().lower()
    if role in _ROLES and tag not in _CONTENT:
        return True
    if tag == "footer" or (tag == "header" and node.css_first("h1, h2, h3") is None):
        return not _in_content(node)
    if tag in _NAMED:
        names = f"{attributes.get('id') or ''} {attributes.get('class') or ''}"
        if len(names) > 1:
            return any(map(_NAMES.fullmatch, names[:2_000].split()[:_MOST_NAMES]))
    return False


def _in_content(node: LexborNode) -> bool:
    outer = node.parent
    for _ in range(_ANCESTORS):
        if outer is None:
            return False
        if outer.tag in _CONTENT:
            return True
        outer = outer.parent
    return False


def without_legal_lines(text: str) -> str:
    """The text of a page's last section without the copyright and the names of legal pages at its end."""
    blocks = text.split("\n\n")
    while blocks and _is_legal(blocks[-1]):
        blocks.pop()
    return "\n\n".join(blocks)


def _is_legal(block: str) -> bool:
    if len(block) > _LEGAL_CHARACTERS:
        return False
    pieces = [piece.strip("- ").casefold() for piece in _PIECES.split(block) if piece.strip("- ")]
    named = [piece for piece in pieces if piece in _LEGAL_WORDS]
    begins = _RIGHTS.match(block.lstrip("- ")) is not None
    return begins or (len(named) > 1 and len(named) == len(pieces)) or (bool(named) and bool(_RIGHTS.search(block)))


def page_title(tree: LexborHTMLParser, *, bare: bool) -> str:
    """The title that a page gives itself, "" where it has none; with `bare` without the site's name, and where there
    is none the title for social networks, else the first heading."""

    def content(selector: str) -> str:
        node = tree.css_first(selector)
        return "" if node is None else " ".join((node.attributes.get("content") or "").split())

    named, first = tree.css_first("head > title"), tree.css_first("h1")
    title = " ".join(named.text().split()) if named is not None else ""
    if not bare:
        return title
    heading = " ".join(first.text().split()) if first is not None else ""
    site = content('meta[property="og:site_name"]') or content('meta[name="application-name"]')
    return without_site(title or content('meta[property="og:title"]') or heading, heading, site)


def without_site(title: str, heading: str, site: str) -> str:
    """A page's title without the name of the site: "Opening hours | VeloFox Help" is "Opening hours".

    `heading` is the page's first heading and `site` the name that the page gives its site, each "" where there is
    none. A part that is the heading is the title; a part that is the site goes; else the last part behind a bar or a
    dot goes. A hyphen alone proves nothing.
    """
    parts = next((title.split(mark) for mark in _SEPARATORS if mark in title), [title])
    if len(parts) < 2:
        return title
    if heading and _same(title[: len(heading)], heading) and title[len(heading) :].startswith(_SEPARATORS):
        return heading
    if heading and any(
        _same(title[: len(heading)], heading) and title[len(heading) :].startswith(mark) for mark in _SEPARATORS
    ):
        return heading
    if heading and any(_same(part, heading) for part in parts):
        return heading
    mark = next(mark for mark in _SEPARATORS if mark in title)
    if site and any(_same(part, site) for part in parts):
        return mark.join(part for part in parts if not _same(part, site)) or title
    return mark.join(parts[:-1]).strip() if mark in _SURE_SEPARATORS and parts[0].strip() else title


def _same(one: str, other: str) -> bool:
    return " ".join(one.split()).casefold() == " ".join(other.split()).casefold()
