"""The Share button beside a result: a link, one HTML file, a picture. What each holds is said before it is taken."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.components.display.copy_buttons import copy_link, copy_picture
from pages.components.display.download import download
from pages.components.session import keys, thresholds
from pages.components.sharing.here import share_here
from pages.components.sharing.picture import board_picture
from rerank_core.documents.report import count
from rerank_core.exports.result_file import result_html
from rerank_core.exports.shared_link import MAX_ADDRESS, fits, to_fragment
from rerank_core.exports.shared_result import ResultKind, SharedResult, shared_result
from rerank_core.exports.tables import slug
from rerank_core.ranking.strength import ScoreScale
from rerank_core.storage.run_record import Run


@dataclass(frozen=True)
class Shared:
    """What a page hands on: the result, the sentences at its head, how the scores of each answer are shown, the name of
    its files, and its picture as SVG."""

    result: SharedResult
    headline: Sequence[str]
    scales: Sequence[ScoreScale]
    name: str
    picture: str = ""


def shared_run(
    kind: ResultKind, run: Run, top_n: int, headline: Sequence[str], asked: tuple[str, str] = ("", "")
) -> Shared:
    """What is handed on of one run; `asked` is the question as it was typed and the collection that was searched."""
    result = shared_result(
        kind, [run.response], run.created, order_name=run.order_name, top_n=top_n, ratings=run.ratings, asked=asked
    )
    picture = board_picture(run, top_n, dark=st.context.theme.type == "dark")
    return Shared(result, headline, [thresholds.scale(run)], slug(result.asked, fallback=kind), picture)


def link_tail(result: SharedResult) -> str:
    """What stands behind a page's address in a link: a mark that tells the server that a result follows, so that it
    does not begin with an example; then the result, which no server sees."""
    return f"?{keys.RECEIVED}=1#{to_fragment(result)}"


def beside_headline() -> DeltaGenerator:
    """The line of a headline, with the button at its end."""
    return st.container(horizontal=True, vertical_alignment="top", horizontal_alignment="distribute", gap="small")


def share(make: Callable[[], Shared], runs: Sequence[Run] = (), name: str = "") -> None:
    """Draw the button; `make` is called once somebody opens it. `runs` can be shared with everyone who signs in here
    too; `name` is what an address calls them."""
    popover = st.popover("Share", icon=":material/share:", key=keys.SHARE, on_change="rerun")
    if not popover.open:
        return
    with popover:
        what = make()
        share_here(runs, name)
        _link(what.result)
        st.caption("One HTML file opens from disk in any browser, without this app and without a network, and prints.")
        download(
            "HTML file",
            lambda: result_html(what.result, what.headline, what.scales),
            f"{what.name}.html",
            keys.SHARE_HTML,
        )
        if what.picture:
            st.caption("A picture for a slide or a chat has the query, both orders and how each document begins.")
            with st.container(horizontal=True, gap="small"):
                with st.container(width="content"):
                    copy_picture(what.picture, what.name, key=keys.SHARE_PICTURE)
                download("SVG", lambda: what.picture.encode(), f"{what.name}.svg", keys.SHARE_SVG)


def _link(result: SharedResult) -> None:
    address = (st.context.url or "").partition("?")[0].partition("#")[0]
    tail = link_tail(result)
    size = len(address) + len(tail)
    held = f"the query, {count(len(result.documents), 'document')}, the order and the scores"
    if not fits(result):
        st.caption(
            f":material/link_off: No link: it would hold {held} in {size:,} characters. Mail and chat programs break "
            f"or cut addresses of more than {MAX_ADDRESS:,}. Take the HTML file."
        )
        return
    st.caption(
        f":material/link: A link of {size:,} characters. **It contains your texts**: {held}. Browsers send this part "
        "of an address to no server, but whoever gets the link can read it. It opens in any copy of the app: at "
        "another address than this one, put everything from the ? on behind it. Opening runs nothing."
    )
    copy_link(tail, key=keys.SHARE_LINK)
