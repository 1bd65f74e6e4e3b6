"""The request on the screen as code to take away: curl, Python with rerank_core, Python with httpx, JavaScript.

Every snippet sends exactly the JSON that the client would send, since both come from the same functions, and
reads the key from the environment: the value of a key never gets here. Texts are written so that no shell,
language or terminal can take them for anything else.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from rerank_core.client import flow, settings
from rerank_core.errors import ConfigurationError
from rerank_core.models import RerankRequest, texts_of
from rerank_core.providers import provider as find_provider
from rerank_core.providers.spec import ProviderSpec
from rerank_core.rank_fields import ranked_text

SHORT: Final = 5
"""Documents that a shortened snippet keeps."""

_NAMED: Final = (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t"))  # the backslash goes first
_JOINERS: Final = "\u200c\u200d"  # between the parts of an emoji, and in Persian and Hindi words


def snippets(
    request: RerankRequest, provider: str | ProviderSpec, *, base_url: str | None = None, shorten: bool = False
) -> dict[str, str]:
    """All ways to make this request in code, by name; for a provider on this computer there is only one.

    `base_url` is the address as the client takes it, None for the one in the environment or the provider's own.
    A request of more documents than the provider takes at once shows the first of its batches, and says so;
    rerank_core sends them all. `shorten` keeps the first SHORT documents and says how many were left out.
    Raises what the client would raise for an unknown provider, model or address.
    """
    spec = find_provider(provider)
    makers = {"Python with rerank_core": python_rerank_core}
    if not spec.is_local:
        makers = {"curl": curl, **makers, "Python with httpx": python_httpx, "JavaScript": javascript}
    return {name: make(request, spec, base_url=base_url, shorten=shorten) for name, make in makers.items()}


def note(provider: str | ProviderSpec) -> str:
    """What to know before running a snippet, as a sentence for a person."""
    spec = find_provider(provider)
    if spec.is_local:
        return "The models run on this computer: nothing is sent, so there is no request to show."
    if spec.key_variable is None:
        return "No key is needed."
    return f"The key is read from the environment variable {spec.key_variable} and is not part of the code."


def curl(
    request: RerankRequest, provider: str | ProviderSpec, *, base_url: str | None = None, shorten: bool = False
) -> str:
    """A command for a POSIX shell; the body travels in a quoted here-document, where no character is special."""
    call = _hosted(request, provider, base_url, shorten)
    lines = [f"# {remark}" for remark in call.remarks]
    lines.append(f"curl --fail-with-body --silent --show-error {shlex.quote(call.address)} \\")
    lines += [f'  --header "{name}: {value}" \\' for name, value in call.key_headers("${}")]
    lines.append("  --header 'Content-Type: application/json' \\")
    lines.append("  --data-binary @- <<'JSON'")
    lines += [_literal(call.body, _JSON), "JSON"]
    return "\n".join(lines) + "\n"


def python_httpx(
    request: RerankRequest, provider: str | ProviderSpec, *, base_url: str | None = None, shorten: bool = False
) -> str:
    """A Python program that needs httpx and nothing of ours."""
    call = _hosted(request, provider, base_url, shorten)
    headers = [f'"{name}": f"{value}"' for name, value in call.key_headers("{{os.environ['{}']}}")]
    lines = (["import os", ""] if headers else []) + ["import httpx", ""]
    lines += [f"# {remark}" for remark in call.remarks]
    lines += [f"body = {_literal(call.body, _PYTHON)}", "response = httpx.post(", f"    {_python(call.address)},"]
    if headers:
        lines.append(f"    headers={{{', '.join(headers)}}},")
    lines += ["    json=body,", "    timeout=60,", ")", "response.raise_for_status()", "print(response.json())"]
    return "\n".join(lines) + "\n"


def javascript(
    request: RerankRequest, provider: str | ProviderSpec, *, base_url: str | None = None, shorten: bool = False
) -> str:
    """A program for Node 18 or later, as a module or not; it needs no package."""
    call = _hosted(request, provider, base_url, shorten)
    lines = [f"// {remark}" for remark in call.remarks]
    lines += [f"const body = {_literal(call.body, _JSON)};", "", "async function main() {"]
    lines += [f"  const response = await fetch({_json(call.address)}, {{", '    method: "POST",', "    headers: {"]
    lines += [f"      {name}: `{value}`," for name, value in call.key_headers("${{process.env.{}}}")]
    lines += ['      "Content-Type": "application/json",', "    },", "    body: JSON.stringify(body),", "  });"]
    lines += ["  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);"]
    lines += ["  console.log(await response.json());", "}", "", "main();"]
    return "\n".join(lines) + "\n"


def python_rerank_core(
    request: RerankRequest, provider: str | ProviderSpec, *, base_url: str | None = None, shorten: bool = False
) -> str:
    """A Python program that uses this library; for every provider, those on this computer included."""
    spec = find_provider(provider)
    kept, left_out = _shortened(request, shorten)
    address = settings.read_address(spec, base_url)
    arguments = [_python(spec.id)]
    if address and address != f"{spec.default_base_url}{spec.path}":
        arguments.append(f"base_url={_python(address.removesuffix(spec.path))}")
    model, _ = flow.choose_model(spec, request.model)
    options = [f"model={_python(model)}"] if model is not None else []
    if kept.top_n is not None:
        options.append(f"top_n={kept.top_n}")
    if kept.return_documents:
        options.append("return_documents=True")
    call = ", ".join(["query", "documents", *options])
    lines = ["import rerank_core as rc", ""]
    lines.append(f"query = {_python(kept.query)}")
    lines += [f"# {remark}" for remark in _remarks(left_out)]
    # The ranked texts themselves, whichever fields they are made of: the same as the wire has.
    lines.append(f"documents = {_literal(texts_of(kept.documents, kept.rank_fields), _PYTHON)}")
    if spec.key_variable is not None:
        lines.append(f"# The key comes from the environment variable {spec.key_variable}.")
    lines += [f"with rc.Client({', '.join(arguments)}) as client:", f"    response = client.rerank({call})"]
    lines += ["for row in response.results:", "    print(row.rank, row.relevance_score, repr(row.document.text))"]
    return "\n".join(lines) + "\n"


@dataclass(frozen=True, slots=True)
class _Call:
    """What goes over the wire: where to, what, and what a reader must know about it."""

    spec: ProviderSpec
    address: str
    body: dict[str, Any]
    remarks: tuple[str, ...]

    def key_headers(self, from_environment: str) -> list[tuple[str, str]]:
        """The headers that carry the key; `from_environment` is how the code reads the variable that goes at {}."""
        variable = self.spec.key_variable
        return [] if variable is None else [*self.spec.headers(from_environment.format(variable)).items()]


def _hosted(request: RerankRequest, provider: str | ProviderSpec, base_url: str | None, shorten: bool) -> _Call:
    spec = find_provider(provider)
    if spec.build is None:
        raise ConfigurationError(
            f"{spec.label} sends nothing, so there is no request to write down.",
            hint="Use the Python snippet with rerank_core.",
        )
    kept, left_out = _shortened(request, shorten)
    model, _ = flow.choose_model(spec, kept.model)
    batches, _ = flow.split_into_batches(spec, kept, model)
    remarks = _remarks(left_out)
    if len(batches) > 1:
        remarks += (
            f"The first of {len(batches)} requests: {len(batches[0].texts):,} of {len(kept.documents):,} documents.",
            "rerank_core sends them all and merges the answers.",
        )
    return _Call(spec, settings.read_address(spec, base_url), spec.build(batches[0]), remarks)


def _shortened(request: RerankRequest, shorten: bool) -> tuple[RerankRequest, int]:
    """The request with its first documents that are not blank, and how many others were left out."""
    fields = request.rank_fields
    filled = [document for document in request.documents if ranked_text(document, fields).strip()]
    if not shorten or len(filled) <= SHORT:
        return request, 0
    kept = RerankRequest(request.query, filled[:SHORT], request.model, request.top_n, request.return_documents, fields)
    return kept, len(request.documents) - SHORT


def _remarks(left_out: int) -> tuple[str, ...]:
    if not left_out:
        return ()
    are = "1 more document is" if left_out == 1 else f"{left_out:,} more documents are"
    return (f"{are} left out here for the sake of length.",)


# Writing values as code


@dataclass(frozen=True, slots=True)
class _Style:
    words: Mapping[bool | None, str]
    quote: Callable[[str], str]
    step: str
    last_comma: bool


def _quoted(text: str, escape: Callable[[str], str]) -> str:
    """The text in double quotes, with everything that is not plainly visible as an escape.

    That takes in control characters, lone surrogates, and the marks that reverse the direction of what follows
    and so could make code read differently from what it does.
    """
    shown = text
    for char, name in _NAMED:
        shown = shown.replace(char, name)
    if not shown.isprintable():
        shown = "".join(char if char.isprintable() or char in _JOINERS else escape(char) for char in shown)
    return f'"{shown}"'


def _python(text: str) -> str:
    def escape(char: str) -> str:
        code = ord(char)
        return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"

    return _quoted(text, escape)


def _json(text: str) -> str:
    def escape(char: str) -> str:
        data = char.encode("utf-16-be", "surrogatepass")
        return "".join(f"\\u{data[place : place + 2].hex()}" for place in range(0, len(data), 2))

    return _quoted(text, escape)


_JSON: Final = _Style({True: "true", False: "false", None: "null"}, _json, "  ", last_comma=False)
_PYTHON: Final = _Style({True: "True", False: "False", None: "None"}, _python, "    ", last_comma=True)


def _literal(value: Any, style: _Style, indent: str = "") -> str:
    """A JSON value as code, one item a line."""
    if value is None or isinstance(value, bool):
        return style.words[value]
    if isinstance(value, str):
        return style.quote(value)
    if isinstance(value, dict):
        items = [
            f"{style.quote(str(key))}: {_literal(item, style, indent + style.step)}" for key, item in value.items()
        ]
        ends = "{}"
    elif isinstance(value, list | tuple):
        items = [_literal(item, style, indent + style.step) for item in value]
        ends = "[]"
    else:
        return repr(value)
    if not items:
        return ends
    line = f"\n{indent}{style.step}"
    body = f",{line}".join(items) + ("," if style.last_comma else "")
    return f"{ends[0]}{line}{body}\n{indent}{ends[1]}"
