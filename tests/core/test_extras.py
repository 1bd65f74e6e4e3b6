"""A package that is not installed ends in a sentence that names it and says what to run."""

from __future__ import annotations

import importlib.metadata
import sys
from importlib.metadata import PackageNotFoundError

import pytest

from rerank_core import offline
from rerank_core.client.client import Client
from rerank_core.documents import DEFAULT_LIMITS
from rerank_core.documents.decoding import Unreadable
from rerank_core.documents.tables.workbook import read_workbook
from rerank_core.errors import ConfigurationError
from rerank_core.evaluation import compare, measure
from rerank_core.evaluation.measures.significance import compare_values
from rerank_core.extras import missing, require
from rerank_core.offline.models import KEYWORD
from tests.support import made_files


def test_what_is_there_needs_no_words():
    """Modules that are installed give no sentence and no error, imported or not."""
    assert missing("Reading", "documents", "sqlite3", "json") is None
    require("Reading", "documents", "sqlite3", "json")


@pytest.mark.parametrize(
    ("modules", "said"),
    [
        (("no_such", "json"), "Reading needs the package no-such, which is not installed. Run: "),
        (("no_such", "none"), "Reading needs the packages no-such and none, which are not installed. Run: "),
        (("no_such", "none", "no"), "Reading needs the packages no-such, none and no, which are not installed. Run: "),
    ],
)
def test_what_is_missing_is_listed(modules, said):
    """Only the missing packages are named, as pip spells them."""
    assert (missing("Reading", "documents", *modules) or "").startswith(said)


@pytest.mark.parametrize("installed", [True, False], ids=["installed", "checkout"])
def test_the_command_fits_how_this_copy_came(monkeypatch, installed):
    """An installed library names its extra; a checkout names its own list, since pip would look for another package."""

    def distribution(name):
        assert name == "rerank-core"
        if not installed:
            raise PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "distribution", distribution)
    with pytest.raises(ConfigurationError) as raised:
        require("Reading", "documents", "no_such")
    assert raised.value.message == "Reading needs the package no-such, which is not installed."
    command = "pip install 'rerank-core[documents]'" if installed else "pip install -r requirements.txt"
    assert raised.value.hint == f"Run: {command}"
    assert raised.value.code == "package_missing"


def test_a_workbook_without_its_package_says_so(monkeypatch):
    """The file is not called damaged: the reason names the package."""
    data = made_files.xlsx({"Sheet": [["text"], ["Hello"]]})
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(Unreadable, match=r"needs the package openpyxl, which is not installed. Run: pip install"):
        read_workbook(data, DEFAULT_LIMITS)


def test_measures_without_their_package_say_so(monkeypatch):
    """Measuring, comparing and the significance of measured values each name what they lack."""
    judgments, run = {"q": {"d": 1}}, {"q": ["d"]}
    monkeypatch.setitem(sys.modules, "ir_measures", None)
    with pytest.raises(ConfigurationError, match="the package ir-measures, which is not installed"):
        measure(judgments, run, ["nDCG@10"])
    with pytest.raises(ConfigurationError, match="the package ir-measures, which is not installed"):
        compare(judgments, {"a": run, "b": run}, "nDCG@10")
    monkeypatch.setitem(sys.modules, "numpy", None)
    with pytest.raises(ConfigurationError, match="the package numpy, which is not installed"):
        compare_values({"a": {"q": 1.0}, "b": {"q": 0.5}}, "nDCG@10")


def test_without_numpy_the_keyword_model_does_not_run(monkeypatch):
    """It is not offered in place of another model then."""
    monkeypatch.setitem(sys.modules, "numpy", None)
    assert "The keyword model needs the package numpy" in (offline.unavailable_reason(KEYWORD) or "")
    with Client("local") as client, pytest.raises(ConfigurationError, match="numpy") as raised:
        client.rerank("a question", ["a text"], model=KEYWORD)
    assert raised.value.hint == "Or choose a hosted model."
