"""Documents that one file names by their web address and another by an id."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from rerank_core.documents.tables import fields
from rerank_core.evaluation.formats.imported import Imported


def by_address(parts: Sequence[Imported]) -> dict[int, dict[str, str]]:
    """By the place of an import the addresses in it that are no known document's id, each with the id of the one
    document of the other files that has this address.

    `http` and `https`, capitals of the host, a slash at the end and what follows `#` do not count; an address without
    a host ("/help/reset") is held against the paths. What several documents have names none of them.
    """
    known = {name for part in parts for name in part.documents}
    owners: dict[str, set[str]] = {}
    for part in parts:
        for name, about in part.metadata.items():
            key = fields.first_named(about, "url")
            address = str(about.get(key, "")) if key is not None and name in known else ""
            for form in _forms(address):
                owners.setdefault(form, set()).add(name)
    found: dict[int, dict[str, str]] = {}
    for place, part in enumerate(parts) if owners else ():
        used = dict.fromkeys(name for own in (*part.judgments.values(), *part.run.values()) for name in own)
        for name in used:
            if name in known:
                continue
            meant = next((owners[form] for form in _forms(name) if form in owners), set())
            if len(meant) == 1:
                found.setdefault(place, {})[name] = next(iter(meant))
    return found


def _forms(address: str) -> tuple[str, ...]:
    """What an address is compared by, with its host and without; nothing for what is none."""
    text = address.strip()
    if "://" not in text and not text.startswith(("/", "www.")):
        return ()
    try:
        parts = urlsplit(text if "://" in text or text.startswith("/") else f"//{text}")
        host = (parts.hostname or "").removeprefix("www.")
    except ValueError:  # brackets that hold no address
        return ()
    path = parts.path.rstrip("/") + (f"?{parts.query}" if parts.query else "")
    port = parts.netloc.rpartition(":")[2] if parts.netloc.rpartition(":")[2].isdigit() else ""
    if not host:
        return (path,) if path else ()
    whole = f"{host}:{port}{path}" if port else f"{host}{path}"
    return (f"//{whole}", path) if path else (f"//{whole}",)
