"""What `import rerank_core` offers, what it does not load, and that its types say what is true."""

from __future__ import annotations

import subprocess
import sys
import types
from pathlib import Path

import pytest

import rerank_core as rc
from tests.support import ROOT

DOCUMENTED = {
    *("providers", "Client", "AsyncClient", "RerankRequest", "Document", "RankedDocument", "RerankResponse", "Usage"),
    *("Cost", "ProviderSpec", "ModelSpec", "estimate_cost", "CostEstimate", "compare_orders", "parse_documents"),
    *("ParsedDocuments", "read_documents", "retrieval", "RerankError", "ConfigurationError", "InvalidRequestError"),
    *("InvalidQueryError", "InvalidDocumentsError", "QueryTooLongError", "TooManyDocumentsError"),
    *("AuthenticationError", "PermissionDeniedError", "ModelNotFoundError", "RateLimitedError", "QuotaExceededError"),
    *("RequestTimeoutError", "ConnectionFailedError", "ProviderError", "BadResponseError"),
}


def python(code: str) -> str:
    """What a fresh interpreter prints, with warnings as errors."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_everything_documented_is_there_and_listed():
    """Every name of DESIGN's public API is in __all__, which is sorted, and every name in it can be had."""
    assert set(rc.__all__) >= DOCUMENTED
    assert rc.__all__ == sorted(rc.__all__)
    assert len(set(rc.__all__)) == len(rc.__all__)
    for name in rc.__all__:
        assert getattr(rc, name) is not None, name
        assert name in dir(rc)
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = rc.no_such_name


def test_every_error_class_is_exported():
    """No error that can be raised has to be imported from somewhere deeper."""
    from rerank_core import errors

    classes = {name for name, value in vars(errors).items() if isinstance(value, type)}
    assert classes <= set(rc.__all__)
    assert [name for name in classes if not issubclass(getattr(rc, name), rc.RerankError)] == []


def test_only_faces_list_their_names():
    """A package's face says with __all__ what it offers; in other modules a leading underscore says what is private."""
    others = (path for path in (ROOT / "rerank_core").rglob("*.py") if path.name != "__init__.py")
    assert [path.name for path in others if "__all__" in path.read_text("utf-8")] == []


def test_import_star_works():
    """`from rerank_core import *` brings every name, lazy ones too."""
    assert python("from rerank_core import *; print(Client, retrieval, compare_orders)").count("rerank_core") == 3


@pytest.mark.parametrize("name", ["documents", "evaluation", "offline", "retrieval"])
def test_the_parts_are_attributes(name: str):
    """A part that was never imported is there as soon as it is asked for."""
    assert python(f"import rerank_core as rc; print(rc.{name}.__name__)") == f"rerank_core.{name}"


def test_providers_is_the_function_whatever_is_imported():
    """The function and the package of that name do not get into each other's way."""
    code = "import rerank_core.providers.hosted.gateflow, rerank_core as rc; print(len(rc.providers()))"
    assert python(code) == str(len(rc.providers()))
    assert isinstance(rc.providers, types.FunctionType)
    from rerank_core.providers.hosted import gateflow

    assert gateflow.GATEFLOW in rc.providers()


def test_importing_loads_nothing_heavy():
    """Neither an HTTP library nor numbers nor models nor a screen come with the import alone."""
    heavy = ["httpx", "httpcore", "asyncio", "numpy", "pandas", "onnxruntime", "openpyxl", "ir_measures", "streamlit"]
    code = f"import sys, rerank_core; print([name for name in {heavy} if name in sys.modules])"
    assert python(code) == "[]"


def test_a_local_answer_needs_no_streamlit_and_a_client_no_numbers():
    """Making a client loads httpx and nothing of the offline engine's."""
    code = (
        "import sys, rerank_core as rc; rc.Client('gateflow', api_key='k').close(); "
        "print([name for name in ('numpy', 'onnxruntime', 'streamlit', 'pandas') if name in sys.modules])"
    )
    assert python(code) == "[]"


USE = """
import asyncio
from collections.abc import Iterator
from decimal import Decimal

import rerank_core as rc


def sync() -> None:
    with rc.Client("gateflow", api_key=None, base_url=None, timeout=60.0, total_timeout=None,
                   max_retries=2, max_concurrency=8, transport=None) as client:
        response: rc.RerankResponse = client.rerank("q", ["a", {"text": "b"}, rc.Document("c", id="1")], top_n=2)
        for row in response.results:
            rank: int = row.rank
            score: float | None = row.relevance_score
            text: str = row.document.text
        amount: Decimal | None = response.cost.amount
        units: float | None = response.usage.search_units
        requests: Iterator[rc.RerankRequest] = iter([rc.RerankRequest("q", ["a"])])
        for outcome in client.rerank_many(requests):
            if isinstance(outcome, rc.RerankError):
                hint: str = outcome.hint
            else:
                first: rc.RankedDocument = outcome.results[0]


async def asynchronous() -> None:
    async with rc.AsyncClient("gateflow") as client:
        response: rc.RerankResponse = await client.rerank(query="q", documents=["a"])
        async for outcome in client.rerank_many([rc.RerankRequest("q", ["a"])]):
            request = outcome.request


specs: tuple[rc.ProviderSpec, ...] = rc.providers()
model: rc.ModelSpec | None = specs[0].model()
estimate: rc.CostEstimate = rc.estimate_cost("gateflow", None, "q", ["a"])
"""

MISUSE = """
import rerank_core as rc

client = rc.Client("local")
client.rerank("q", 7)
client.rerank("q", ["a"], topn=3)
client.rerank(["q"], ["a"])
rc.AsyncClient("local").rerank("q", ["a"]).results
"""


def test_the_types_fit_the_documented_use(tmp_path: Path):
    """mypy --strict takes the documented calls as they stand, and refuses each of four misuses."""
    good, bad = tmp_path / "use.py", tmp_path / "misuse.py"
    good.write_text(USE)
    bad.write_text(MISUSE)
    checked = subprocess.run(
        [
            sys.executable,
            "-m",
            "mypy",
            "--strict",
            "--follow-imports=silent",
            "--config-file=",
            "--cache-dir=.mypy_cache/api",
            str(good),
            str(bad),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    complaints = [line for line in checked.stdout.splitlines() if ": error:" in line]
    assert not [line for line in complaints if "misuse.py" not in line], checked.stdout
    assert {line.split(":")[1] for line in complaints} == {"5", "6", "7", "8"}, checked.stdout


def test_the_package_says_that_it_is_typed():
    """py.typed lies in the package."""
    assert (ROOT / "rerank_core" / "py.typed").exists()
