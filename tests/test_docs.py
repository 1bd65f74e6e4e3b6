"""What the pages for developers name is there: files, folders, modules and what is in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
_FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")
_PATH = re.compile(r"[\w.-]+(/[\w.-]+)*/?")
_DOTTED = re.compile(r"(rerank_core|pages|tests)(\.\w+)+")
_ENDINGS = (".py", ".md", ".toml", ".txt", ".yaml", ".example")


def named(page: Path) -> Iterator[str]:
    """Everything in single backticks, outside the blocks of code."""
    yield from _INLINE.findall(_FENCED.sub("", page.read_text("utf-8")))


def resolve(dotted: str) -> object:
    """The module, or what is in one, of a dotted name. Raises AttributeError where it is not there."""
    module, *rest = dotted.split(".")
    found: object = import_module(module)
    for name in rest:
        module += f".{name}"
        try:
            found = getattr(found, name)
        except AttributeError:
            found = import_module(module)
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_path_is_there(page: Path) -> None:
    """A path in backticks names a file or folder of this checkout."""
    tops = {path.name for path in ROOT.iterdir()} - {".venv"}
    paths = [name for name in named(page) if _PATH.fullmatch(name)]
    known = [name for name in paths if name.endswith(_ENDINGS) or name.partition("/")[0] in tops]
    known = [name for name in known if not _DOTTED.fullmatch(name)]
    assert not [name for name in known if name != "__init__.py" and not (ROOT / name).exists()]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_dotted_name_is_there(page: Path) -> None:
    """A dotted name in backticks can be imported."""
    for name in named(page):
        if _DOTTED.fullmatch(name) and not name.endswith(_ENDINGS):
            resolve(name)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_name_stands_in_the_code(page: Path) -> None:
    """A name of a function, class or constant in backticks stands in some file of the product or the tests."""
    words = {
        word
        for folder in ("rerank_core", "pages", "tests")
        for path in (ROOT / folder).rglob("*.py")
        for word in re.findall(r"\w+", path.read_text("utf-8"))
    }
    names = [name for name in named(page) if re.fullmatch(r"_?[A-Za-z]+(_[A-Za-z]+)+|[A-Z][a-z]+([A-Z][a-z]+)+", name)]
    assert not [name for name in names if name not in words and not name.endswith("_") and not (ROOT / name).exists()]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    """A link to a file of this checkout finds it."""
    links = [link for link in _LINK.findall(page.read_text("utf-8")) if "://" not in link]
    assert not [link for link in links if not (page.parent / link).exists()]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_make_target_is_there(page: Path) -> None:
    """A call of make names a target of the Makefile."""
    makefile = (ROOT / "Makefile").read_text("utf-8")
    asked = re.findall(r"\bmake ([a-z][a-z-]*)\b", "\n".join([*named(page), *_FENCED.findall(page.read_text("utf-8"))]))
    assert not [target for target in asked if not re.search(rf"^{target}:", makefile, re.MULTILINE)]
