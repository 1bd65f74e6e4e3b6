"""The arrows point one way: pages, then their components, then rerank_core; and the layers keep to their own work."""

from __future__ import annotations

import ast
import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CORE = sorted((ROOT / "rerank_core").rglob("*.py"))
COMPONENTS = sorted((ROOT / "pages" / "components").rglob("*.py"))
PAGES = sorted((ROOT / "pages").glob("*.py"))
PRODUCT = [ROOT / "app.py", *PAGES, *COMPONENTS, *CORE]
# What sends something: the client with its parts, the providers, the connectors of a search engine.
NETWORK_FOLDERS = {"client", "transport", "providers", "live"}


def name_of(path: Path) -> str:
    """A file as a test's name shows it."""
    return path.relative_to(ROOT).as_posix()


def imports_of(path: Path) -> Iterator[str]:
    """Every module that a file imports, wherever in the file; `from a import b` counts as a and as a.b."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name_of(path)} imports relatively; a page's folder comes first on the path"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def inside(module: str, *packages: str) -> bool:
    """Whether a module is one of these packages or lies in one."""
    return any(module == package or module.startswith(package + ".") for package in packages)


def calls_of(path: Path) -> Iterator[str]:
    """Everything that a file calls, by its full and by its last name, and the keywords it is called with."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            yield from (name, f".{name.rpartition('.')[2]}")
            yield from (keyword.arg or "" for keyword in node.keywords)


def run_python(code: str) -> str:
    """What a fresh interpreter prints for a few lines of code."""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("path", CORE, ids=name_of)
def test_the_core_knows_no_screen(path):
    """No file of rerank_core imports Streamlit, a page or a component."""
    wrong = [module for module in imports_of(path) if inside(module, "streamlit", "pages", "components", "app")]
    assert not wrong


@pytest.mark.parametrize("path", COMPONENTS, ids=name_of)
def test_a_component_knows_no_page(path):
    """A component imports other components, and the core, by their full names; never a page."""
    for module in imports_of(path):
        assert not inside(module, "app", "components", *(page.stem for page in PAGES)), module
        assert not inside(module, "pages") or inside(module, "pages", "pages.components"), module
        assert not inside(module, *(f"pages.{page.stem}" for page in PAGES)), module


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_a_page_knows_no_other_page(path):
    """A page imports Streamlit, components and the core, and nothing that calculates, parses, stores or sends."""
    allowed = ("streamlit", "rerank_core", "pages.components", "__future__", "typing", "collections", "dataclasses")
    wrong = [module for module in imports_of(path) if module != "pages" and not inside(module, *allowed)]
    assert not wrong


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_a_page_does_no_arithmetic(path):
    """Ranks, money and metrics are worked out in the core: a page multiplies, divides and subtracts nothing."""
    sums = (ast.Mult, ast.Div, ast.Sub, ast.FloorDiv, ast.Mod, ast.Pow)
    tree = ast.parse(path.read_text("utf-8"))
    assert not [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, sums)
    ]


@pytest.mark.parametrize("path", PRODUCT, ids=name_of)
def test_only_the_client_sends(path):
    """httpx and its like are imported where a request is made and nowhere else."""
    senders = ("httpx", "httpcore", "requests", "urllib.request", "http.client", "aiohttp", "urllib3")
    found = [module for module in imports_of(path) if inside(module, *senders)]
    folders = {part.name for part in path.parents}
    assert not found or (path in CORE and folders & NETWORK_FOLDERS)


@pytest.mark.parametrize("path", [*PAGES, *COMPONENTS], ids=name_of)
def test_no_text_goes_where_it_would_be_interpreted(path):
    """No page uses the calls that turn anybody's text into markdown or HTML without being asked."""
    never = {".write", ".table", ".write_stream", "unsafe_allow_html", "unsafe_allow_javascript"}
    assert not never & set(calls_of(path))


@pytest.mark.parametrize("path", PRODUCT, ids=name_of)
def test_nothing_runs_code_from_data(path):
    """No product file unpickles, evaluates or runs a shell; one starts our own interpreter to read files in it."""
    modules = {"pickle", "shelve", "marshal", "dill", "joblib", "subprocess"}
    if name_of(path) == "rerank_core/documents/isolated/process.py":
        modules.remove("subprocess")
        assert "shell" not in path.read_text("utf-8")
    assert not [module for module in imports_of(path) if inside(module, *modules)]
    assert not {"eval", "exec", "os.system", "os.popen"} & set(calls_of(path))


def test_importing_all_of_the_core_loads_no_screen():
    """With every module of rerank_core imported, Streamlit is still not."""
    code = (
        "import importlib, pkgutil, sys, rerank_core\n"
        "names = [m.name for m in pkgutil.walk_packages(rerank_core.__path__, 'rerank_core.')]\n"
        "for name in names: importlib.import_module(name)\n"
        "assert len(names) > 10, names\n"
        "print(*(name for name in sys.modules if name.split('.')[0] in ('streamlit', 'pages')))"
    )
    assert run_python(code) == ""


def test_importing_the_core_is_light():
    """`import rerank_core` loads no package that takes long: each is loaded when something needs it."""
    heavy = (
        "numpy",
        "pandas",
        "onnx",
        "onnxruntime",
        "tokenizers",
        "bm25s",
        "openpyxl",
        "ir_measures",
        "scipy",
        "altair",
    )
    assert run_python(f"import sys, rerank_core; print(*set({heavy!r}) & set(sys.modules))") == ""


def test_no_file_is_too_long():
    """No product file, of Python or of the browser's languages, is over 400 lines."""
    files = [*PRODUCT, *(path for kind in ("js", "css", "html") for path in (ROOT / "pages").rglob(f"*.{kind}"))]
    lengths = {name_of(path): len(path.read_text("utf-8").splitlines()) for path in files}
    assert not {name: length for name, length in lengths.items() if length > 400}


def test_no_file_is_a_drawer_for_everything():
    """Every module is named after what is in it."""
    assert not [
        name_of(path) for path in PRODUCT if path.stem.strip("_") in {"utils", "util", "helpers", "common", "misc"}
    ]


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_no_page_hides_a_library(path):
    """Streamlit puts the pages' folder first on the import path, so a page must not be called like a module."""
    assert path.stem not in sys.stdlib_module_names
    assert importlib.util.find_spec(path.stem) is None or path.stem == "main"
