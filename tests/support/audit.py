"""A part of `make check`: whether a known hole is in one of the packages that the app runs on.

pip-audit asks a database of advisories for each. Where it cannot be asked, pip-audit passes over the package and ends
as if all were well; here that is said, and nothing passes for looked at that was not.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from tests.support.lock import LOCK

_SERVICES = ("pypi", "osv")
_SECONDS = 10
_PATIENCE = 120


def verdict(reports: Sequence[dict[str, Any] | None]) -> tuple[bool, str]:
    """Whether the check passes, and what to print, by the reports of the services that were asked; None is one that
    gave none. It fails where a hole is known, and only there."""
    found: dict[str, list[str]] = {}
    looked: set[str] = set()
    named: set[str] = set()
    for report in reports:
        for package in (report or {}).get("dependencies", ()):
            named.add(package["name"])
            if "vulns" in package:
                looked.add(package["name"])
                for hole in package["vulns"]:
                    fixed = ", ".join(hole.get("fix_versions") or ()) or "no version yet"
                    found.setdefault(f"{package['name']} {package['version']}: {hole['id']}, fixed in {fixed}", [])
    if found:
        lines = "\n".join(f"  {line}" for line in sorted(found))
        return (
            False,
            f"KNOWN HOLES in what requirements.lock pins:\n{lines}\nRaise the bound in requirements.txt; make lock",
        )
    if not looked:
        return (
            True,
            "NOT AUDITED: no database of known holes could be reached, so nothing is known about the pinned packages.",
        )
    if missed := sorted(named - looked):
        return True, f"Audited {len(looked)} packages, no known hole. NOT AUDITED: {', '.join(missed)}."
    return True, f"Audited {len(looked)} packages, no known hole."


def ask(service: str) -> dict[str, Any] | None:
    """What pip-audit says by one service; None where it says nothing that can be read."""
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(LOCK), "--disable-pip", "--require-hashes"]
    command += [
        "--vulnerability-service",
        service,
        "--timeout",
        str(_SECONDS),
        "--format",
        "json",
        "--progress-spinner",
        "off",
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE, check=False)
        report = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    return report if isinstance(report, dict) else None


def main() -> None:
    """Ask one service after the other, until one has looked at every package."""
    reports: list[dict[str, Any] | None] = []
    for service in _SERVICES:
        reports.append(ask(service))
        report = reports[-1]
        if report and all("vulns" in package for package in report["dependencies"]):
            break
    passes, words = verdict(reports)
    print(words)
    sys.exit(0 if passes else 1)


if __name__ == "__main__":
    main()
