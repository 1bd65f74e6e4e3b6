"""What the operator set up for each service: a section that is misspelt, or an address that is none, is said at the
start. A key in it would never be used, and nobody would know why."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping

import rerank_core as rc
from pages.components.server import addresses, deployment

_OWN = ("api_key", "base_url")
_LIKE = 0.8


def problem() -> str | None:
    """What is wrong with one of them, with its cure; None where all is well.

    One secrets file serves all apps of a user. So a section is left alone where nothing in it is ours.
    """
    specs = {spec.id: spec for spec in rc.providers() if not spec.is_local}
    for name, section in deployment.secrets().items():
        said = _wrong(name, section, specs[name]) if name in specs else _misspelt(name, section, list(specs))
        if said is not None:
            return said
    for spec in specs.values():
        variable = spec.base_url_variable
        address = os.environ.get(variable, "").strip() if variable else ""
        if address and (refused := addresses.refusal(address, restricted=False)):
            return f"{variable} in the environment: {refused}"
    return None


def _wrong(name: str, section: object, spec: rc.ProviderSpec) -> str | None:
    if not isinstance(section, Mapping):
        return f"{name} in the secrets file is not a section. Write it as [{name}], with api_key and base_url below."
    known = [*_OWN, *(option.name for option in spec.options)]
    unknown = [key for key in section if key not in known]
    if unknown and (len(unknown) < len(section) or difflib.get_close_matches(unknown[0], known, 1, _LIKE)):
        return f"[{name}] in the secrets file knows no '{unknown[0]}'. Use {', '.join(known)}."
    address = section.get("base_url")
    if address and (refused := addresses.refusal(str(address), restricted=False)):
        return f"base_url of [{name}] in the secrets file: {refused}"
    return None


def _misspelt(name: str, section: object, ids: list[str]) -> str | None:
    if not isinstance(section, Mapping) or not any(key in section for key in _OWN):
        return None
    near = difflib.get_close_matches(name.strip().lower().replace("_", "-"), ids, 1, _LIKE)
    if not near:
        return None
    return f"[{name}] in the secrets file is no connection. Call it [{near[0]}], or give it quite another name."
