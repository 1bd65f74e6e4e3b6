"""The tree is the architecture: what each room may import, what each layer may do, and how big things may grow.

docs/architecture.md says the same in words. The first two orders below are the whole direction of the product: a room
imports only rooms that stand before it.
"""

from __future__ import annotations

import ast
import importlib.util
import re
import subprocess
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from pages.components.session import keys, page_state

ROOT = Path(__file__).parents[1]
CORE = sorted((ROOT / "rerank_core").rglob("*.py"))
COMPONENTS = sorted((ROOT / "pages" / "components").rglob("*.py"))
PAGES = sorted((ROOT / "pages").glob("*.py"))
PRODUCT = [ROOT / "app.py", *PAGES, *COMPONENTS, *CORE]

# The rooms of rerank_core, each with what it may import before it. The package's own __init__ is among them.
CORE_ROOMS = (
    "errors",
    "extras",
    "rank_fields",
    "notebook",
    "models",
    "language",
    "jobs",
    "transport",
    "keyword",
    "offline",
    "providers",
    "__init__",
    "pricing",
    "client",
    "ranking",
    "exports",
    "documents",
    "samples",
    "retrieval",
    "duplicates",
    "evaluation",
    "storage",
    "corpora",
    "serving",
    "bulk",
    "command",
    "integrations",
)
# What pages share, then a folder for each page, then what stands around all of them.
SHARED_ROOMS = ("server", "monitoring", "session", "display", "jobs", "inputs", "sharing")
PAGE_FOLDERS = (
    "playground",
    "compare",
    "search",
    "duplicates",
    "evaluate",
    "history",
    "connections",
    "administration",
)
PAGE_ROOMS = (*SHARED_ROOMS, *PAGE_FOLDERS, "sign_in", "frame")
# What sends something: the client, its transport, the connectors of a search engine.
SENDERS = (
    "rerank_core/client/",
    "rerank_core/transport/",
    "rerank_core/retrieval/live/",
    "pages/components/administration/jobs_command.py",
)


def name_of(path: Path) -> str:
    """A file as a test's name shows it."""
    return path.relative_to(ROOT).as_posix()


def module_of(path: Path) -> str:
    """A file as an import names it."""
    return name_of(path).removesuffix(".py").replace("/", ".").removesuffix(".__init__")


@cache
def tree_of(path: Path) -> ast.Module:
    """A file as Python reads it."""
    return ast.parse(path.read_text("utf-8"))


MODULES = {module_of(path): path for path in PRODUCT}


def nodes_at_run_time(node: ast.AST) -> Iterator[ast.AST]:
    """Every node but those that only the type checker sees."""
    yield node
    if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        children: Iterable[ast.AST] = node.orelse
    else:
        children = ast.iter_child_nodes(node)
    for child in children:
        yield from nodes_at_run_time(child)


def imports_of(path: Path, *, types: bool = True) -> Iterator[str]:
    """Every module that a file imports, wherever in the file; `from a import b` counts as a and as a.b.

    `types=False` leaves out what is imported for types alone.
    """
    for node in ast.walk(tree_of(path)) if types else nodes_at_run_time(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name_of(path)} imports relatively; a page's folder comes first on the path"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@cache
def imported_modules(module: str) -> frozenset[str]:
    """The modules of the product that a module imports; of `from a import b` the module b, or a where b is none."""
    found: set[str] = set()
    for node in nodes_at_run_time(tree_of(MODULES[module])):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            full = (f"{node.module}.{alias.name}" for alias in node.names)
            found.update(name if name in MODULES else node.module or "" for name in full)
    return frozenset(found & MODULES.keys() - {module})


def room_of(module: str) -> str | None:
    """The room that a module is in, as the two orders above name it; None for the pages and app.py."""
    parts = module.split(".")
    if parts[0] == "rerank_core":
        return parts[1] if len(parts) > 1 else "__init__"
    return parts[2] if module.startswith("pages.components.") else None


def inside(module: str, *packages: str) -> bool:
    """Whether a module is one of these packages or lies in one."""
    return any(module == package or module.startswith(package + ".") for package in packages)


def against(order: tuple[str, ...], package: str) -> list[str]:
    """The imports within a package that go from one room to a room that does not stand before it."""
    place = {room: number for number, room in enumerate(order)}
    return [
        f"{module} imports {other}"
        for module in MODULES
        for other in imported_modules(module)
        if inside(module, package) and inside(other, package)
        for here, there in [(room_of(module), room_of(other))]
        if here and there and here != there and place[there] >= place[here]
    ]


@cache
def calls_of(path: Path) -> frozenset[str]:
    """Everything that a file calls, by its full and by its last name, and the keywords it is called with."""
    calls = [node for node in ast.walk(tree_of(path)) if isinstance(node, ast.Call)]
    names = [ast.unparse(node.func) for node in calls]
    keywords = {keyword.arg or "" for node in calls for keyword in node.keywords}
    return frozenset({*names, *(f".{name.rpartition('.')[2]}" for name in names)} | keywords)


def is_literal(node: ast.AST) -> bool:
    """Whether an expression is a text written on the spot, an f-string included."""
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def keys_of(node: ast.AST) -> Iterator[ast.AST]:
    """The expressions that a piece of a page uses as the key of a widget or of the session."""
    if isinstance(node, ast.Call):
        yield from (keyword.value for keyword in node.keywords if keyword.arg == "key")
        if isinstance(node.func, ast.Attribute) and ast.unparse(node.func.value) == "st.session_state":
            yield from node.args[:1]
            yield from (ast.Constant(keyword.arg) for keyword in node.keywords)
            yield from (key for first in node.args[:1] if isinstance(first, ast.Dict) for key in first.keys if key)
    elif isinstance(node, ast.Subscript) and ast.unparse(node.value) == "st.session_state":
        yield node.slice
    elif isinstance(node, ast.Compare) and ast.unparse(node.comparators[0]) == "st.session_state":
        yield node.left
    elif isinstance(node, ast.Attribute) and ast.unparse(node.value) == "st.session_state":
        yield from (ast.Constant(name) for name in {node.attr} - {"get", "setdefault", "pop", "update"})


def run_python(code: str) -> str:
    """What a fresh interpreter prints for a few lines of code."""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


# The tree


def test_every_room_has_its_place():
    """Each folder and module at the top of rerank_core and of pages/components stands in one of the two orders."""
    assert {room_of(module) for module in MODULES if inside(module, "rerank_core")} == set(CORE_ROOMS)
    rooms = {room_of(module) for module in MODULES if inside(module, "pages.components")} - {None}
    assert rooms == set(PAGE_ROOMS)


def test_the_top_of_the_core_is_short():
    """At most eight modules stand beside the packages of rerank_core."""
    beside = [path.stem for path in (ROOT / "rerank_core").glob("*.py") if path.stem != "__init__"]
    assert len(beside) <= 8, beside


@pytest.mark.parametrize(
    ("room", "packages"),
    [
        ("evaluation", {"formats", "grades", "measures", "query_sets", "experiments", "report"}),
        ("documents", {"paste", "tables", "extract", "isolated"}),
    ],
)
def test_the_large_rooms_have_packages(room, packages):
    """Evaluation and documents keep a package for each of their subjects."""
    folder = ROOT / "rerank_core" / room
    assert packages <= {path.parent.name for path in folder.glob("*/__init__.py")}


def test_no_folder_is_crowded():
    """No folder of the product holds more than 20 modules."""
    modules: dict[str, int] = defaultdict(int)
    for path in PRODUCT:
        modules[name_of(path.parent)] += path.stem != "__init__"
    assert not {folder: number for folder, number in modules.items() if number > 20}


def test_no_file_is_too_long():
    """No product file, of Python or of the browser's languages, is over 400 lines."""
    files = [*PRODUCT, *(path for kind in ("js", "css", "html") for path in (ROOT / "pages").rglob(f"*.{kind}"))]
    lengths = {name_of(path): len(path.read_text("utf-8").splitlines()) for path in files}
    assert not {name: length for name, length in lengths.items() if length > 400}


def test_no_file_is_a_drawer_for_everything():
    """Every module and folder is named after what is in it."""
    drawers = {"utils", "util", "helpers", "helper", "common", "misc"}
    names = {name for path in PRODUCT for name in path.relative_to(ROOT).with_suffix("").parts}
    assert not {name for name in names if name.strip("_") in drawers}


def test_every_package_says_what_it_is_for():
    """The first line of each package's and module's docstring says what is in it."""
    assert not [name_of(path) for path in PRODUCT if not (ast.get_docstring(tree_of(path)) or "").strip()]


def test_a_class_has_its_name_alone():
    """No two public classes of the product share a name."""
    places: dict[str, list[str]] = defaultdict(list)
    for path in PRODUCT:
        for node in tree_of(path).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(name_of(path))
    assert not {name: found for name, found in places.items() if len(found) > 1}


# Who may import whom


def test_imports_go_in_no_circle():
    """No module imports itself by way of others; an import for types alone does not count."""
    try:
        TopologicalSorter({module: imported_modules(module) for module in MODULES}).prepare()
    except CycleError as error:
        pytest.fail(" imports ".join(error.args[1]))


def test_the_core_has_one_direction():
    """A room of rerank_core imports only rooms that stand before it."""
    assert not against(CORE_ROOMS, "rerank_core")


def test_the_rooms_of_the_pages_have_one_direction():
    """A room of pages/components imports only rooms that stand before it."""
    assert not against(PAGE_ROOMS, "pages.components")


def test_the_folder_of_a_page_is_its_own():
    """No page's folder imports another page's, and no page imports the folder of another."""
    folders = {f"pages.components.{page}": page for page in PAGE_FOLDERS}
    mine = {**folders, **{f"pages.{page}": page for page in PAGE_FOLDERS}}
    owner = {module: page for module in MODULES for part, page in mine.items() if inside(module, part)}
    assert not [
        f"{module} imports {other}"
        for module, page in owner.items()
        for other in imported_modules(module)
        if owner.get(other, page) != page
    ]


def test_the_core_knows_no_screen():
    """No file of rerank_core imports Streamlit, a page or a component, not even for types."""
    wrong = ("streamlit", "pages", "app")
    assert not [f"{name_of(path)}: {name}" for path in CORE for name in imports_of(path) if inside(name, *wrong)]


def test_a_component_knows_no_page():
    """A component imports other components, and the core, by their full names; never a page."""
    pages = [page.stem for page in PAGES]
    wrong = ("app", "components", *pages, *(f"pages.{page}" for page in pages))
    assert not [f"{name_of(path)}: {name}" for path in COMPONENTS for name in imports_of(path) if inside(name, *wrong)]


def test_a_page_knows_no_other_page():
    """A page imports Streamlit, components and the core, and nothing that calculates, parses, stores or sends."""
    allowed = ("streamlit", "rerank_core", "pages.components", "__future__", "typing", "collections", "dataclasses")
    imported = [(path, name) for path in PAGES for name in imports_of(path)]
    assert not [f"{name_of(path)}: {name}" for path, name in imported if name != "pages" and not inside(name, *allowed)]


def test_importing_all_of_the_core_loads_no_screen():
    """With every module of rerank_core imported, Streamlit is still not."""
    code = (
        "import importlib, pkgutil, sys, rerank_core\n"
        "names = [m.name for m in pkgutil.walk_packages(rerank_core.__path__, 'rerank_core.')]\n"
        "frameworks = ('rerank_core.integrations.', 'rerank_core.bulk.on_ray')\n"
        "names = [name for name in names if not name.startswith(frameworks)]\n"
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
        "jinja2",
        "httpx",
    )
    assert run_python(f"import sys, rerank_core; print(*set({heavy!r}) & set(sys.modules))") == ""


# What each layer may do


def test_a_page_only_calls_its_parts():
    """A page defines nothing and works nothing out: it multiplies, divides and subtracts nothing."""
    sums = (ast.Mult, ast.Div, ast.Sub, ast.FloorDiv, ast.Mod, ast.Pow)
    wrong = []
    for path in PAGES:
        for node in ast.walk(tree_of(path)):
            works_out = isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, sums)
            if works_out or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                wrong.append(f"{name_of(path)}, line {node.lineno}")
    assert not wrong


def test_only_the_client_sends():
    """httpx and its like are imported where a request is made and nowhere else."""
    senders = ("httpx", "httpcore", "requests", "urllib.request", "http.client", "aiohttp", "urllib3")
    found = {name_of(path) for path in PRODUCT for name in imports_of(path) if inside(name, *senders)}
    assert not [name for name in found if not name.startswith(SENDERS)]


def test_no_page_calls_a_service_unpaid():
    """A client is made where a call is held to the budget first: the paid call, and the run of an experiment, which is
    handed a purse for each model."""
    made = set()
    for path in [*PAGES, *COMPONENTS]:
        for node in ast.walk(tree_of(path)):
            name = node.func if isinstance(node, ast.Call) else None
            if isinstance(name, ast.Attribute) and name.attr in ("client", "Client", "AsyncClient"):
                made.add(name_of(path))
    assert made == {
        "pages/components/session/connection.py",  # makes it, for these two
        "pages/components/jobs/paid_call.py",
        "pages/components/evaluate/running/how.py",
    }
    assert "purse_of" in (ROOT / "pages/components/evaluate/running/how.py").read_text("utf-8")


def test_state_lives_in_the_session_room():
    """Keys, the address bar and what sessions share are in pages/components/session and nowhere else.

    Elsewhere no key of a widget or of the session is written out, no cache is made, and the address is not touched.
    """
    wrong = []
    for path in [ROOT / "app.py", *PAGES, *COMPONENTS]:
        if name_of(path).startswith("pages/components/session/"):
            continue
        for node in ast.walk(tree_of(path)):
            kept = isinstance(node, ast.Attribute) and node.attr in ("cache_resource", "cache_data", "query_params")
            if kept or any(is_literal(key) for key in keys_of(node)):
                wrong.append(f"{name_of(path)}, line {node.lineno}: {ast.unparse(node)[:80]}")
    assert not wrong


def test_no_two_keys_are_the_same():
    """Each key of pages/components/session/keys.py stands for one thing."""
    tree = tree_of(ROOT / "pages" / "components" / "session" / "keys.py")
    values = [ast.literal_eval(node.value) for node in tree.body if isinstance(node, ast.Assign)]
    assert len(values) > 100
    assert not {value for value in values if values.count(value) > 1}


def test_what_shared_inputs_keep_goes_from_page_to_page():
    """Each widget of pages/components/inputs that lasts for the session is carried onto the next page.

    It has no default of its own: Streamlit complains of one where the session holds a value.
    """
    lasting = [
        call
        for path in COMPONENTS
        if name_of(path).startswith("pages/components/inputs/")
        for call in ast.walk(tree_of(path))
        if isinstance(call, ast.Call)
        and (
            ast.unparse(call.func) in ("_field", "paste_area")
            or any(keyword.arg == "persist_state" for keyword in call.keywords)
        )
    ]
    kept = {
        node.attr
        for call in lasting
        for node in [*call.args, *(keyword.value for keyword in call.keywords if keyword.arg == "key")]
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "keys"
    }
    assert {"QUERY", "DOCUMENTS", "LIVE_ADDRESS"} < kept
    assert kept == {name for name, key in vars(keys).items() if key in page_state.SHARED_WIDGETS}
    defaults = {"value", "index", "default"}
    assert not [ast.unparse(call) for call in lasting if defaults & {keyword.arg for keyword in call.keywords}]


def test_no_text_goes_where_it_would_be_interpreted():
    """No page uses the calls that turn anybody's text into markdown or HTML without being asked."""
    never = {".write", ".table", ".write_stream", "unsafe_allow_html", "unsafe_allow_javascript"}
    assert not {name_of(path): found for path in [*PAGES, *COMPONENTS] if (found := never & calls_of(path))}


def test_nothing_runs_code_from_data():
    """No product file unpickles, evaluates or runs a shell."""
    modules = ("pickle", "shelve", "marshal", "dill", "joblib")
    assert not [name_of(path) for path in PRODUCT for name in imports_of(path) if inside(name, *modules)]
    calls = {"eval", "exec", "os.system", "os.popen", "shell"}
    assert not {name_of(path): found for path in PRODUCT if (found := calls & calls_of(path))}


def test_one_file_starts_a_process():
    """Only the isolated reader starts a process: our own interpreter, with limits, to read strangers' files in it."""
    modules = ("subprocess", "multiprocessing")
    found = {name_of(path) for path in PRODUCT for name in imports_of(path) if inside(name, *modules)}
    assert [name.rpartition("/")[0] for name in found] == ["rerank_core/documents/isolated"]


def test_no_page_hides_a_library():
    """Streamlit puts the pages' folder first on the import path, so a page must not be called like a module."""
    names = {path.stem for path in PAGES} - {"main"}
    assert not names & sys.stdlib_module_names
    assert not [name for name in names if importlib.util.find_spec(name) is not None]


# How much a function may hold


def test_functions_stay_simple():
    """Ruff bounds how much a function branches and how many arguments it takes; an exception says why.

    Branches: at most 12 ways through (C901). Arguments: at most 7 (PLR0913).
    """
    ruff = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["ruff"]["lint"]
    rules = {"C901", "PLR0913"}
    assert rules <= set(ruff["select"])
    assert not rules & set(ruff["ignore"])
    assert ruff["mccabe"]["max-complexity"] <= 12
    assert ruff["pylint"]["max-args"] <= 7
    excused = {glob for glob, codes in ruff["per-file-ignores"].items() if rules & set(codes)}
    assert excused <= {"tests/**"}
    excuse = re.compile(r"# noqa: [A-Z0-9, ]*\b(?:C901|PLR0913)\b[A-Z0-9, ]*(.*)")
    excuses = {f"{name_of(path)}: {words}" for path in PRODUCT for words in excuse.findall(path.read_text("utf-8"))}
    assert not [words for words in excuses if not re.search(r": \W*\w+ \w+", words)]
