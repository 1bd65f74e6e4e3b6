"""How a component of the browser is declared: from the files of its folder and from parts that several share.

Streamlit sends a component's script and style with every run of a page. What is large is sent once instead, as a file
of its own: the browser keeps it for good, since its address changes with what is in it.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import streamlit as st
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from streamlit.components.v2.types import ComponentRenderer

_HERE = Path(__file__).parent
_LARGE = 4_000  # characters; what is smaller costs less than a request

_sources: dict[str, str] = {}  # by file name

# Streamlit imports this text as a module. The style comes with the script: until both are there, nothing is drawn.
_LOAD = """
const { default: draw, style } = await import(location.origin + %s);
const sheet = new CSSStyleSheet();
sheet.replaceSync(style);
export default function show(component) {
  const root = component.parentElement.getRootNode();
  if (!root.adoptedStyleSheets.includes(sheet)) root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
  return draw(component);
}
"""
_WAITING, _READY = ".part { display: none }", "\n.part { display: contents }"


def component(folder: str, *shared: str, html: str = "") -> ComponentRenderer:
    """The component of a folder in this room; `shared` names files of `browser/` that stand before its own.

    A component has one script and one style, which are joined here, once. `html` stands in place of a file.
    """

    def text(ending: str) -> str:
        paths = [_HERE / "browser" / name for name in shared if name.endswith(ending)]
        return "\n".join(path.read_text("utf-8") for path in [*paths, *sorted((_HERE / folder).glob(f"*{ending}"))])

    html, css, js = html or text(".html"), text(".css"), text(".js")
    if len(css) + len(js) > _LARGE:
        js = _LOAD % json.dumps(_address(folder, css, js))
        html, css = f'<div class="part">{html}</div>', _WAITING
    return st.components.v2.component(f"rerank_{folder}", html=html, css=css, js=js)


def _address(folder: str, css: str, js: str) -> str:
    """Where the browser finds this script, which exports its style as `style`."""
    source = f"{js}\nexport const style = {json.dumps(css + _READY)};\n"
    name = f"{folder}.{hashlib.sha256(source.encode()).hexdigest()[:16]}.js"
    _sources[name] = source
    return f"{_base()}/parts/{name}"


def _base() -> str:
    base = str(st.get_option("server.baseUrlPath")).strip("/")
    return f"/{base}" if base else ""


async def _part(request: Request) -> Response:
    source = _sources.get(request.path_params["name"])
    if source is None:
        return PlainTextResponse("Not found", 404)
    headers = {"cache-control": "public, max-age=31536000, immutable"}
    return Response(source, media_type="text/javascript", headers=headers)


def routes() -> list[Route]:
    """What serves the files of large components."""
    return [Route(f"{_base()}/parts/{{name}}", _part)]
