"""`make lock`: every package that the app runs on, pinned with hashes, for every system and Python that it runs on.

The bounds stay in requirements.txt. The lock names no registry, so that it serves behind a mirror too.
"""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.support import ROOT

BOUNDS, LOCK = ROOT / "requirements.txt", ROOT / "requirements.lock"
OLDEST = "3.11"
"""The oldest Python that the app runs on; the lock holds for it and all newer ones."""

_HEAD = """\
# What `make install` installs: the packages of requirements.txt and what they need, each pinned and with the hashes of
# its files, for Python 3.11 and newer on Linux, macOS and Windows. `make lock` renews it.
# Without make: pip install --require-hashes -r requirements.lock
"""
_PIN = re.compile(
    r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;\\]+)\s*(?:;(?P<marker>[^\\]*))?(?P<hashes>.*)$", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Pin:
    """One package of the lock. `marker` says where it is installed, None for everywhere; `hashes` are of its files."""

    name: str
    version: Version
    marker: Marker | None
    hashes: tuple[str, ...]

    @property
    def is_for_here(self) -> bool:
        """Whether it is installed on this system."""
        return self.marker is None or self.marker.evaluate()


def pins(text: str) -> list[Pin]:
    """What a lock pins. Raises ValueError for a line that is no pin."""
    found = []
    lines = "\n".join(line for line in text.splitlines() if line.strip() and not line.startswith("#"))
    for entry in re.split(r"\n(?=\S)", lines):
        match = _PIN.match(entry.strip())
        if match is None:
            raise ValueError(f"no pin: {entry[:80]}")
        hashes = tuple(re.findall(r"--hash=sha256:([0-9a-f]{64})(?![0-9a-f])", match["hashes"]))
        marker = Marker(match["marker"].strip()) if match["marker"] else None
        found.append(Pin(canonicalize_name(match["name"]), Version(match["version"]), marker, hashes))
    return found


def bounds(text: str) -> list[Requirement]:
    """What a file of requirements asks for."""
    lines = (line.partition(" #")[0].strip() for line in text.splitlines())
    return [Requirement(line) for line in lines if line and not line.startswith(("#", "-"))]


def unfit(asked: str, locked: str) -> list[str]:
    """Why a lock no longer fits what is asked for, a sentence each; empty where it does."""
    there: dict[str, list[Pin]] = {}
    for pin in pins(locked):
        there.setdefault(pin.name, []).append(pin)
    wrong = [f"{pin.name} has no hash." for own in there.values() for pin in own if not pin.hashes]
    for one in bounds(asked):
        own = there.get(canonicalize_name(one.name), [])
        if not own:
            wrong.append(f"{one.name} is not in it.")
        wrong += [
            f"{one.name} is {pin.version} in it, not {one.specifier}."
            for pin in own
            if pin.version not in one.specifier
        ]
    return wrong


def main() -> None:
    """Write the lock anew, with the newest versions that the bounds allow."""
    command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--universal", "--upgrade", "--generate-hashes"]
    command += [
        "--python-version",
        OLDEST,
        "--no-header",
        "--no-annotate",
        "--no-emit-index-url",
        "--no-emit-find-links",
    ]
    done = subprocess.run([*command, str(BOUNDS)], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"The lock could not be made, and stays as it is:\n{done.stderr.strip()}")
    Path(LOCK).write_text(_HEAD + done.stdout, "utf-8")
    print(f"{LOCK.name} pins {len(pins(done.stdout))} packages. Next: make install, make licences, make test.")


if __name__ == "__main__":
    main()
