"""What the pages for developers name is there: files, folders, modules and what is in them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest

from tests.support import reference
from tests.test_architecture import CORE_ROOMS, MODULES, PAGE_ROOMS, imported_modules, inside, room_of

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
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


@cache
def words_of_the_code() -> frozenset[str]:
    """Every word of the product and the tests."""
    paths = (path for folder in ("rerank_core", "pages", "tests") for path in (ROOT / folder).rglob("*.py"))
    return frozenset(word for path in paths for word in re.findall(r"\w+", path.read_text("utf-8")))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_path_is_there(page: Path) -> None:
    """A path in backticks names a file or folder of this checkout, or one that is left out of it on purpose."""
    left_out = {"__init__.py", *(ROOT / ".gitignore").read_text("utf-8").split()}
    tops = {path.name for path in ROOT.iterdir()} - {".venv"}
    paths = [name for name in named(page) if _PATH.fullmatch(name)]
    known = [name for name in paths if name.endswith(_ENDINGS) or name.partition("/")[0] in tops]
    known = [name for name in known if not _DOTTED.fullmatch(name)]
    assert not [name for name in known if name not in left_out and not (ROOT / name).exists()]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_dotted_name_is_there(page: Path) -> None:
    """A dotted name in backticks can be imported."""
    for name in named(page):
        if _DOTTED.fullmatch(name) and not name.endswith(_ENDINGS):
            resolve(name)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_name_stands_in_the_code(page: Path) -> None:
    """A name of a function, class or constant in backticks stands in some file of the product or the tests."""
    words = words_of_the_code()
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


def defined_in(path: Path) -> set[str]:
    """The names that a module defines: functions, classes, constants, and methods as Class.method."""
    names = set()
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        if isinstance(node, ast.ClassDef):
            names.update(f"{node.name}.{each.name}" for each in node.body if isinstance(each, ast.FunctionDef))
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names.update(target.id for target in targets if isinstance(target, ast.Name))
    return names


def test_every_step_of_a_journey_is_there() -> None:
    """What a step names after a file is defined in that file; "the same file" is the one of the step before."""
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    steps = re.findall(r"^\d+\. (.*(?:\n {3,}.*)*)", text.partition("## Four journeys")[2], re.MULTILINE)
    assert len(steps) > 40
    path = None
    for step in steps:
        if "The same file" not in step:
            path = None
        for name in _INLINE.findall(step):
            if name.endswith(".py"):
                path = ROOT / name
            elif path is not None and re.fullmatch(r"\w+(\.\w+)?", name):
                assert name in defined_in(path), f"{path.name} has no {name}"


def test_the_tables_of_rooms_are_the_tested_orders() -> None:
    """The page on architecture lists the rooms in the order in which they are tested."""
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    assert tuple(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)) == (*PAGE_ROOMS, *CORE_ROOMS)


def test_the_picture_of_the_core_is_true() -> None:
    """In the picture of rerank_core's rooms each line imports only lines above it."""
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    lines = text.partition("The same as a picture")[2].split("```")[1].strip().splitlines()
    line_of = {room: number for number, line in enumerate(lines) for room in line.split()}
    assert set(line_of) == set(CORE_ROOMS) - {"__init__"}
    core = [module for module in MODULES if inside(module, "rerank_core") and room_of(module) != "__init__"]
    assert not [
        f"{module} imports {other}"
        for module in core
        for other in imported_modules(module)
        if other in core and room_of(other) != room_of(module)
        if line_of[str(room_of(other))] >= line_of[str(room_of(module))]
    ]


def test_every_line_of_security_names_tests_that_are_there() -> None:
    """Each line of docs/security.md's tables names tests as file::function, and each of them is defined there."""
    text = (ROOT / "docs" / "security.md").read_text("utf-8")
    lines = [line for line in text.splitlines() if line.startswith("|") and not line.startswith(("|---", "| what "))]
    assert len(lines) >= 9
    for line in lines:
        tests = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", line.rpartition("|")[0].rpartition(" | ")[2])
        assert tests, f"A line without a test: {line}"
        for path, name in tests:
            assert name in defined_in(ROOT / path), f"{path} has no {name}"


def test_the_reference_is_that_of_the_code() -> None:
    """docs/reference.md is what its generator makes of the docstrings now; `make reference` writes it anew."""
    assert reference.PAGE.read_text("utf-8") == reference.page(), "Run: make reference"
