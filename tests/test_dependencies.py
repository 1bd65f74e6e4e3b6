"""The packages that the app runs on: pinned with hashes, within the bounds, under licences that somebody knows."""

from __future__ import annotations

import json
import subprocess
import sys
from email.message import Message
from importlib.metadata import PackageNotFoundError, distribution

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support import ROOT, audit, licences
from tests.support.lock import BOUNDS, LOCK, OLDEST, pins, unfit

ONE = "a==1.0 \\\n    --hash=sha256:" + "0" * 64 + "\n"


def test_the_lock_fits_the_bounds() -> None:
    """Each package of requirements.txt is pinned within its bounds, with hashes of its files."""
    wrong = unfit(BOUNDS.read_text("utf-8"), LOCK.read_text("utf-8"))
    assert not wrong, "Run: make lock. " + " ".join(wrong)


@pytest.mark.parametrize(
    ("asked", "locked", "wrong"),
    [
        ("a>=1,<2", ONE, []),
        ("A>=1  # why", ONE, []),
        ("a>=2", ONE, ["a is 1.0 in it, not >=2."]),
        ("a\nb", ONE, ["b is not in it."]),
        ("a", "a==1.0\n", ["a has no hash."]),
        ("a", ONE.replace("0" * 64, "0" * 63), ["a has no hash."]),
    ],
)
def test_a_lock_that_does_not_fit_is_noticed(asked: str, locked: str, wrong: list[str]) -> None:
    """A bound that was raised, a package that was added and a hash that is gone or short."""
    assert unfit(asked, locked) == wrong


def test_what_is_no_pin_is_refused() -> None:
    """A line with a range or an address is no pin."""
    for line in ("a>=1\n", "a @ file:///x\n", "-r other.txt\n"):
        with pytest.raises(ValueError, match="no pin"):
            pins(line)


def test_the_lock_holds_all_that_its_packages_need_here() -> None:
    """Whatever a pinned package asks for on this system is pinned too, so that nothing is installed unseen."""
    locked = [pin for pin in pins(LOCK.read_text("utf-8")) if pin.is_for_here]
    names, missing = {pin.name for pin in locked}, []
    for pin in locked:
        try:
            found = distribution(pin.name)
        except PackageNotFoundError:
            continue  # `make install` brings it
        if found.version != str(pin.version):
            continue
        for line in found.requires or ():
            one = Requirement(line)
            environment = {**default_environment(), "extra": ""}
            if (one.marker is None or one.marker.evaluate(environment)) and canonicalize_name(one.name) not in names:
                missing.append(f"{pin.name} needs {one.name}")
    assert not missing


def test_the_lock_names_no_registry_and_make_install_uses_it() -> None:
    """It serves behind any mirror, and nothing without a hash is installed by it."""
    text = LOCK.read_text("utf-8")
    assert "://" not in text
    assert not [line for line in text.splitlines() if line.startswith("-")]
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert "$(PIP) --require-hashes -r requirements.lock" in makefile
    assert "$(PIP) -r requirements.txt" not in makefile
    assert f'requires-python = ">={OLDEST}"' in (ROOT / "pyproject.toml").read_text("utf-8")


# --- licences --------------------------------------------------------------------------------------------------------


def test_every_licence_is_known() -> None:
    """Each pinned package, and each package of weights, is under a licence that asks for no more than its notice, or
    that somebody has looked at."""
    problems = [one.problem for one in licences.licences() if one.problem]
    assert not problems


def test_the_list_is_that_of_the_lock() -> None:
    """docs/licences.md names what is pinned now; `make licences` writes it anew."""
    assert licences.PAGE.read_text("utf-8") == licences.page(licences.licences()), "Run: make licences"


@pytest.mark.parametrize(
    ("said", "known"),
    [
        ("MIT", True),
        ("Apache-2.0 OR BSD-2-Clause", True),
        ("GPL-3.0-only OR MIT", True),
        ("MIT AND Zlib", True),
        ("", False),
        ("GPL-3.0-only", False),
        ("LGPL-2.1-or-later", False),
        ("AGPL-3.0", False),
        ("MPL-2.0", False),
        ("MIT AND GPL-2.0-only", False),
        ("Business Source License 1.1", False),
        ("BSD-3-Clause, something else", False),
    ],
)
def test_an_unknown_or_copyleft_licence_is_noticed(said: str, known: bool) -> None:
    """A new package is looked at by a person unless its licence is permissive by its own choice."""
    problem = licences.Licence("new-package", "1.0", said).problem
    assert (problem is None) == known
    assert known or "new-package 1.0" in str(problem)


def test_a_review_holds_for_what_was_read() -> None:
    """Where a package that was looked at says something else later, it is looked at again."""
    assert licences.Licence("tqdm", "1", "MPL-2.0 AND MIT").problem is None
    assert licences.Licence("tqdm", "2", "GPL-3.0-only AND MIT").problem is not None


def test_metadata_say_their_licence_in_three_ways() -> None:
    """The expression counts before the classifiers, and those before the old field, of which the first line does."""
    about = Message()
    about["License"] = "3-Clause BSD License\nRedistribution and use"
    assert licences.said_by(about) == "3-Clause BSD License"
    about["Classifier"] = "License :: OSI Approved :: BSD License"
    assert licences.said_by(about) == "BSD License"
    about["License-Expression"] = "BSD-3-Clause"
    assert licences.said_by(about) == "BSD-3-Clause"
    assert licences.said_by(Message()) == ""


# --- audit -----------------------------------------------------------------------------------------------------------

CLEAN = {"dependencies": [{"name": "a", "version": "1", "vulns": []}, {"name": "b", "version": "1", "vulns": []}]}
HOLE = {"name": "a", "version": "1", "vulns": [{"id": "CVE-2026-1", "fix_versions": ["1.1"]}]}
UNSEEN = {"name": "b", "skip_reason": "Dependency not found and could not be audited"}


@pytest.mark.parametrize(
    ("reports", "passes", "words"),
    [
        ([CLEAN], True, "Audited 2 packages, no known hole."),
        ([None, None], True, "NOT AUDITED: no database"),
        ([{"dependencies": [UNSEEN]}, None], True, "NOT AUDITED: no database"),
        (
            [{"dependencies": [CLEAN["dependencies"][0], UNSEEN]}],
            True,
            "Audited 1 packages, no known hole. NOT AUDITED: b.",
        ),
        ([{"dependencies": [HOLE, UNSEEN]}, None], False, "a 1: CVE-2026-1, fixed in 1.1"),
        ([None, {"dependencies": [HOLE]}], False, "make lock"),
    ],
)
def test_the_audit_fails_over_holes_and_says_what_it_did_not_see(reports, passes: bool, words: str) -> None:
    """A package that no database was asked about passes for no audited one, and being offline is no failure."""
    held, said = audit.verdict(reports)
    assert held is passes
    assert words in said


@pytest.mark.parametrize("printed", ["", "no JSON", "[]", json.dumps(CLEAN)])
def test_whatever_the_auditor_prints_is_taken_or_left(printed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a report that can be read is one."""

    def run(command, **_):
        assert command[:3] == [sys.executable, "-m", "pip_audit"]
        return subprocess.CompletedProcess(command, 1, printed, "")

    monkeypatch.setattr(audit.subprocess, "run", run)
    assert audit.ask("osv") == (CLEAN if "dependencies" in printed else None)
