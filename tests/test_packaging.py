"""The library as somebody else gets it: a wheel in an environment of its own, with each extra missing and present.

No test needs the network: what an extra asks for is taken from the environment that the tests run in, exactly as far
as the wheel's own metadata reaches.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import tomllib
import venv
import zipfile
from collections.abc import Callable, Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution, packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support import made_files
from tests.support.rerank_service import GOOD_KEY, RerankService
from tests.test_architecture import imports_of

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
CORE = ROOT / "rerank_core"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
# Frameworks that the library fits into are neither in the app nor in `all`; tests/peers runs them. Both bring
# pydantic.
FRAMEWORKS = {"langchain": "langchain_core", "llama-index": "llama_index", "ray": "ray"}
APP_EXTRAS = {name: lines for name, lines in EXTRAS.items() if name not in FRAMEWORKS}
README_EXAMPLE = (ROOT / "README.md").read_text("utf-8").partition("```python\n")[2].partition("```")[0]


class Installed:
    """An environment that holds the wheel and what some of its extras ask for, and nothing else."""

    def __init__(self, folder: Path, wheel: Path, extra: str) -> None:
        self.folder = folder
        self.python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        venv.create(folder, with_pip=False)
        self.packages = Path(self.run("import sysconfig; print(sysconfig.get_path('purelib'))"))
        run_pip("--python", str(self.python), "install", "--no-deps", "--no-compile", str(wheel))
        for found in needed_by(wheel, extra):
            self._link(found)

    def _link(self, found: Distribution) -> None:
        """Let a package of the tests' own environment be found here too."""
        tops = {path.parts[0] for path in found.files or () if path.parts[0] not in ("..", "__pycache__")}
        for top in tops:
            place = self.packages / top
            if not place.exists():
                place.symlink_to(Path(str(found.locate_file(top))))

    def run(self, code: str, *, fails: bool = False) -> str:
        """What a program prints that runs here, outside the checkout; with `fails`, what it dies of."""
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))
        }
        done = subprocess.run(
            [self.python, "-W", "error", "-c", textwrap.dedent(code)],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert (done.returncode != 0) == fails, done.stderr
        return (done.stderr if fails else done.stdout).strip()


def run_pip(*arguments: str) -> None:
    """Run pip without looking at any index."""
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input", *arguments]
    done = subprocess.run(command, env={**os.environ, "PIP_NO_INDEX": "1"}, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


def needed_by(wheel: Path, extra: str) -> Iterator[Distribution]:
    """Every package that pip would install beside the wheel for an extra ("" for none), as it is installed here."""
    with zipfile.ZipFile(wheel) as archive:
        metadata = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        head = archive.read(metadata).decode().partition("\n\n")[0]
    lines = [line.partition(": ")[2] for line in head.splitlines() if line.startswith("Requires-Dist: ")]
    asked = [(line, extra) for line in lines]
    seen: set[tuple[str, str]] = set()
    while asked:
        line, wanted = asked.pop()
        requirement = Requirement(line)
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": wanted}):
            continue
        key = (canonicalize_name(requirement.name), ",".join(sorted(requirement.extras)))
        if key in seen:
            continue
        seen.add(key)
        try:
            found = distribution(requirement.name)
        except PackageNotFoundError:
            pytest.skip(f"LOUD: {requirement.name} is not installed here, so the extra '{extra}' cannot be tried")
        assert requirement.specifier.contains(found.version, prereleases=True), (line, found.version)
        yield found
        asked += [(deeper, one) for deeper in found.requires or () for one in (requirement.extras or {""})]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library's wheel, built from this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    run_pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(ROOT))
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def install(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Installed]:
    """Gives the environment with an extra ("" for none); each is made once."""
    made: dict[str, Installed] = {}

    def get(extra: str) -> Installed:
        if extra not in made:
            made[extra] = Installed(tmp_path_factory.mktemp(extra or "base") / "env", wheel, extra)
        return made[extra]

    return get


def read(name: str, data: bytes) -> str:
    """A program that reads a file and prints its documents' texts and its problems as JSON."""
    return f"""
        import json, rerank_core as rc
        read = rc.read_documents({name!r}, {data!r})
        print(json.dumps([[one.text for one in read.documents], [reason for _, reason in read.problems]]))
    """


MEASURE = """
    import rerank_core as rc
    judgments, worse, better = {"q": {"a": 3, "b": 0}}, {"q": ["b", "a"]}, {"q": ["a", "b"]}
    print(rc.evaluation.measure(judgments, better, ["nDCG@10"])["nDCG@10"].mean)
    found = rc.evaluation.compare(judgments, {"before": worse, "after": better}, "nDCG@10")
    print(found["before", "after"].better)
"""


def test_the_wheel_holds_the_library_alone(wheel: Path) -> None:
    """Every file of rerank_core is in it, types, data and templates too, with the licences, and nothing else."""
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    files = {path.relative_to(ROOT).as_posix() for path in CORE.rglob("*") if path.is_file()}
    files = {name for name in files if "__pycache__" not in name}
    information = {name for name in names if name.partition("/")[0].endswith(".dist-info")}
    assert names - information == files
    assert "rerank_core/py.typed" in files
    licences = {name.partition("/licenses/")[2] for name in information} - {""}
    assert licences == {"LICENSE", "rerank_core/offline/data/NOTICE"}


def test_the_bounds_are_those_of_the_app() -> None:
    """What pyproject.toml asks for stands in the app's lists with the same bounds."""
    lines = [
        line.partition(" --hash")[0]
        for name in ("requirements.txt", "requirements-models.txt")
        for line in (ROOT / name).read_text("utf-8").splitlines()
        if line and not line.startswith("#")
    ]
    app = {requirement.name: requirement.specifier for requirement in map(Requirement, lines)}
    library = [Requirement(line) for lines in (PROJECT["dependencies"], *APP_EXTRAS.values()) for line in lines]
    for requirement in library:
        if requirement.name != PROJECT["name"]:
            assert app.get(requirement.name) == requirement.specifier, requirement


def test_all_brings_every_extra() -> None:
    """The extra `all` names each of the others."""
    (everything,) = map(Requirement, EXTRAS["all"])
    assert everything.name == PROJECT["name"]
    assert everything.extras == set(APP_EXTRAS) - {"all"}


def test_what_the_library_imports_is_asked_for() -> None:
    """Every package that a file of rerank_core imports, wherever in the file, is a dependency or in an extra."""
    listed = {Requirement(line).name for lines in (PROJECT["dependencies"], *EXTRAS.values()) for line in lines}
    found = {name.partition(".")[0] for path in CORE.rglob("*.py") for name in imports_of(path)}
    homes = packages_distributions()
    for module in found - set(sys.stdlib_module_names) - {"rerank_core", *FRAMEWORKS.values(), "pydantic"}:
        assert {canonicalize_name(name) for name in homes.get(module, ())} & listed, module


def test_the_base_does_what_needs_no_extra(install: Callable[[str], Installed], service: RerankService) -> None:
    """A hosted provider, estimates, pasted text, plain files and the comparison of orders."""
    said = install("").run(f"""
        import rerank_core as rc
        with rc.Client("gateflow", api_key={GOOD_KEY!r}, base_url={service.url + "/ok"!r}) as client:
            response = client.rerank("a question", ["one", "two"])
        print([row.document.text for row in response.results], response.cost.amount)
        print(rc.estimate_cost("gateflow", None, "a question", ["one"]).search_units)
        print(len(rc.parse_documents("one\\n\\ntwo").documents))
        print(len(rc.read_documents("a.csv", b"id,text\\n1,one\\n2,two\\n").documents))
        print(rc.compare_orders(["a", "b"], ["b", "a"]).moves[0].change)
        print(rc.__file__)
    """)
    *printed, place = said.splitlines()
    assert printed == ["['two', 'one'] 0.001", "1", "2", "2", "1"]
    assert Path(place).is_relative_to(install("").folder)


def test_the_readmes_example_without_its_extra(install: Callable[[str], Installed]) -> None:
    """Without the models the error names the packages and the command."""
    died = install("").run(README_EXAMPLE, fails=True).splitlines()[-1]
    assert "needs the packages numpy, onnxruntime and tokenizers, which are not installed" in died
    assert "Run: pip install 'rerank-core[local]'" in died


def test_the_readmes_example(install: Callable[[str], Installed]) -> None:
    """With the extra it prints the ranking, the answer first, and costs nothing."""
    first, _, last = install("local").run(README_EXAMPLE).splitlines()
    assert first.split()[:2] == ["1", "1"]
    assert first.endswith("kb-7")
    assert last == "0 0.0 ()"


@pytest.mark.parametrize(
    "line", ["rc.retrieval.KeywordIndex", "rc.corpora.CorpusStore", "import rerank_core.duplicates"]
)
def test_keyword_search_without_its_extra(install: Callable[[str], Installed], line: str) -> None:
    """Whatever counts words or vectors says what it lacks as soon as it is asked for."""
    died = install("").run(f"import rerank_core as rc\n{line}", fails=True).splitlines()[-1]
    assert "needs the package numpy, which is not installed. Run: pip install 'rerank-core[local]'" in died


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.pdf", made_files.pdf([made_files.words("A page")]), "the package pypdfium2, which is"),
        ("a.docx", made_files.docx(made_files.paragraph("A page")), "the packages mammoth and selectolax, which are"),
        ("a.html", b"<p>A page</p>", "the package selectolax, which is"),
        ("a.epub", made_files.epub(["<p>A page</p>"]), "the package selectolax, which is"),
        ("a.xlsx", made_files.xlsx({"Sheet": [["text"], ["A page"]]}), "the package openpyxl, which is"),
    ],
)
def test_files_without_and_with_their_extra(
    install: Callable[[str], Installed], name: str, data: bytes, said: str
) -> None:
    """Without it a problem of the import names the package; with it the reader's own process is found and reads."""
    texts, problems = json.loads(install("").run(read(name, data)))
    assert not texts
    assert f"needs {said} not installed. Run: pip install 'rerank-core[documents]'" in problems[0]
    texts, problems = json.loads(install("documents").run(read(name, data)))
    assert [text.strip() for text in texts] == ["A page"]
    assert not problems


def test_measures_without_and_with_their_extra(install: Callable[[str], Installed]) -> None:
    """Without it the error names the package; with it a run is measured and compared."""
    died = install("").run(MEASURE, fails=True).splitlines()[-1]
    assert "the package ir-measures, which is not installed. Run: pip install 'rerank-core[evaluation]'" in died
    assert install("evaluation").run(MEASURE).splitlines() == ["1.0", "1"]


def test_the_report_without_and_with_its_extra(install: Callable[[str], Installed]) -> None:
    """What writes the report says what it lacks; with it the template is found where it was installed."""
    code = "from rerank_core.evaluation.report import report; print(report._template().name)"
    died = install("").run(code, fails=True).splitlines()[-1]
    assert "The report needs the packages jinja2 and markupsafe, which are not installed" in died
    assert install("evaluation").run(code) == "report.html.j2"


@pytest.mark.parametrize(
    ("module", "extra"), [("integrations.langchain", "langchain"), ("integrations.llama_index", "llama-index")]
)
def test_an_adapter_without_its_framework(install: Callable[[str], Installed], module: str, extra: str) -> None:
    """It says which framework is missing, and the command that brings it."""
    died = install("").run(f"import rerank_core.{module}", fails=True).splitlines()[-1]
    assert f"Run: pip install 'rerank-core[{extra}]'" in died


def test_every_module_is_found_with_all_extras(install: Callable[[str], Installed]) -> None:
    """With `all`, everything in the library can be imported, and what was installed fits together."""
    code = """
        import importlib, pkgutil, rerank_core
        names = [module.name for module in pkgutil.walk_packages(rerank_core.__path__, "rerank_core.")]
        frameworks = ("rerank_core.integrations.", "rerank_core.bulk.on_ray")
        names = [name for name in names if not name.startswith(frameworks)]
        for name in names: importlib.import_module(name)
        print(len(names))
    """
    assert int(install("all").run(code)) > 100
    run_pip("--python", str(install("all").python), "check")


def test_a_type_checker_sees_the_types(install: Callable[[str], Installed], tmp_path: Path) -> None:
    """A program that takes a rank for a text is told so by mypy, strict, against the installed library."""
    program = tmp_path / "program.py"
    program.write_text(
        "import rerank_core as rc\n"
        "with rc.Client('gateflow') as client:\n"
        "    rank: str = client.rerank('a question', ['a text']).results[0].rank\n"
    )
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file", "", "--cache-dir", str(tmp_path / "cache")]
    done = subprocess.run(
        [*command, "--python-executable", str(install("").python), str(program)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    (told, _) = done.stdout.splitlines()
    assert '(expression has type "int", variable has type "str")' in told
