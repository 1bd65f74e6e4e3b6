"""From the address that somebody gives to the one that requests go to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote, urlsplit, urlunsplit

from rerank_core.errors import ConfigurationError

_WORD_OF_A_HOST = re.compile(r"[A-Za-z0-9-]{1,63}")
_VERSION = re.compile(r"v\d+(alpha|beta)?\d*")


def joined(base: str, path: str) -> str:
    """A base address with the path of an endpoint behind it, where the base does not have it already.

    A base may end in any first part of the path, or in all of it: with the path /v1/rerank, `https://x`, `https://x/v1`
    and `https://x/v1/rerank` are the same. One that ends in the path's last word is an endpoint somebody wrote out, and
    stays as it is (`https://x/v2/rerank`). Another version at its end gives way to the path's.
    """
    parts = urlsplit(base.strip())
    there = [part for part in parts.path.split("/") if part]
    wanted = [part for part in path.split("/") if part]
    shared = next(
        (count for count in range(min(len(there), len(wanted)), 0, -1) if there[-count:] == wanted[:count]), 0
    )
    if not shared and there and wanted and there[-1] == wanted[-1]:
        return urlunsplit(parts._replace(path="/" + "/".join(there)))
    if not shared and there and wanted and _VERSION.fullmatch(there[-1]) and _VERSION.fullmatch(wanted[0]):
        there = there[:-1]
    return urlunsplit(parts._replace(path="/" + "/".join([*there, *wanted[shared:]]) if there or wanted else ""))


def filled(template: str, values: Mapping[str, str]) -> str:
    """A template of a path with each {name} in place; a slash in the name of a model stays, as in `Qwen/Reranker`."""
    for name, value in values.items():
        template = template.replace("{" + name + "}", quote(value, safe="/" if name == "model" else ""))
    return template


def filled_host(template: str, values: Mapping[str, str]) -> str:
    """A template of a base address with each {name} in place. Raises ConfigurationError for a value that could be more
    than one word of a host's name."""
    for name, value in values.items():
        if "{" + name + "}" in template:
            if not _WORD_OF_A_HOST.fullmatch(value):
                raise ConfigurationError(
                    f"The {name} {value!r} cannot stand in an address.", hint="Use letters, digits and hyphens alone."
                )
            template = template.replace("{" + name + "}", value)
    return template
