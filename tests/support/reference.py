"""Writes docs/reference.md from the public names of rerank_core, their signatures and their docstrings."""

from __future__ import annotations

import dataclasses
import inspect
import re
import types
from collections.abc import Iterator
from pathlib import Path

import rerank_core as rc
from tests.support import ROOT

PAGE = ROOT / "docs" / "reference.md"
_WIDE = 110
_HEAD = """# Reference of `rerank_core`

The public names of the package, from their docstrings. `make reference` writes this page anew; a test fails where it
is behind the code.
"""
_GROUPS: dict[str, tuple[str, ...]] = {
    "Clients": ("Client", "AsyncClient", "ClientEvent", "Attempt"),
    "Requests and answers": (
        "Document",
        "RerankRequest",
        "RerankResponse",
        "RankedDocument",
        "TextSpan",
        "Usage",
        "Cost",
        "Progress",
        "answering_spans",
    ),
    "Providers and models": ("providers", "provider", "models", "ModelChoice", "ProviderSpec", "ModelSpec"),
    "Money": ("estimate_cost", "CostEstimate", "PriceTable"),
    "Documents": ("parse_documents", "read_documents", "ParsedDocuments"),
    "Orders": ("compare_orders", "Comparison"),
    "Saved runs": ("Run", "RunStore"),
}


def page() -> str:
    """The whole page."""
    named = [name for names in _GROUPS.values() for name in names]
    packages = [name for name in rc.__all__ if isinstance(getattr(rc, name), types.ModuleType)]
    errors = [name for name in rc.__all__ if inspect.isclass(getattr(rc, name)) and _is_error(name)]
    rest = [name for name in rc.__all__ if name not in {*named, *packages, *errors}]
    groups = {
        **_GROUPS,
        **({"More": tuple(rest)} if rest else {}),
        "Errors": tuple(errors),
        "Packages": tuple(packages),
    }
    parts = [_HEAD]
    for title, names in groups.items():
        parts.append(f"## {title}\n")
        parts += ["\n".join(_entry(name)) for name in names if name in rc.__all__]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(parts)).rstrip() + "\n"


def _is_error(name: str) -> bool:
    return issubclass(getattr(rc, name), Exception)


def _entry(name: str) -> Iterator[str]:
    value = getattr(rc, name)
    yield f"### {name}\n"
    if isinstance(value, types.ModuleType):
        yield _text(value)
        public = ", ".join(f"`{one}`" for one in sorted(getattr(value, "__all__", ())))
        yield f"Public names: {public}.\n" if public else ""
        return
    if not (inspect.isclass(value) and _is_error(name)):
        yield f"```python\n{_wrapped(f'{name}{_signature(value)}')}\n```\n"
    yield _text(value)
    if inspect.isclass(value) and not _is_error(name):
        yield from _members(name, value)


def _members(name: str, value: type) -> Iterator[str]:
    """Methods and properties of a class, those that it has from a class of ours above it too."""
    fields = {field.name for field in dataclasses.fields(value)} if dataclasses.is_dataclass(value) else set()
    for member in sorted(set(dir(value))):
        if member.startswith("_") or member in fields:
            continue
        found = inspect.getattr_static(value, member)
        plain = found.__func__ if isinstance(found, classmethod | staticmethod) else found
        if isinstance(found, property):
            yield f"**`{name}.{member}`**: {_text(found).strip()}\n"
        elif inspect.isfunction(plain) and (plain.__module__ or "").startswith("rerank_core"):
            signature = _wrapped(f"{name}.{member}{_signature(getattr(value, member))}")
            yield f"```python\n{signature}\n```\n\n{_text(plain)}"


class _Written(str):
    """An annotation as it is written, without the quotation marks of a string."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def _signature(value: object) -> str:
    """A signature as it is written in the code, a parameter a line where it is long. Parameters that begin with an
    underscore are nobody's business."""
    try:
        signature = inspect.signature(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return "(...)"
    kept = [
        one.replace(annotation=_written(one.annotation))
        for one in signature.parameters.values()
        if not one.name.startswith("_") and one.name != "self"
    ]
    whole = signature.replace(parameters=kept, return_annotation=_written(signature.return_annotation))
    return re.sub(r"<factory>|<object object at 0x[0-9a-f]+>", "...", str(whole))


def _written(annotation: object) -> object:
    return _Written(annotation) if isinstance(annotation, str) else annotation


def _wrapped(text: str) -> str:
    """A long signature with a parameter a line; commas inside brackets part nothing."""
    if len(text) <= _WIDE:
        return text
    depth, parts = 0, [""]
    for char in text[text.index("(") + 1 : text.rindex(")")]:
        depth += (char in "[(") - (char in "])")
        if char == "," and not depth:
            parts.append("")
        else:
            parts[-1] += char
    inner = "".join(f"    {part.strip()},\n" for part in parts)
    return f"{text[: text.index('(')]}(\n{inner}{text[text.rindex(')') :]}"


def _text(value: object) -> str:
    return f"{inspect.cleandoc(value.__doc__ or '')}\n"


def main() -> None:
    """Write the page."""
    Path(PAGE).write_text(page(), "utf-8")


if __name__ == "__main__":
    main()
