"""Where knowledge bases are kept: chosen for a new one, said of one that is there, changed by a job that moves it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from pages.components.display import errors
from pages.components.inputs.controls import select
from pages.components.jobs.page_job import Ended, JobKind, Plan, Task
from pages.components.search.state import state
from pages.components.session import keys, query_params, stores
from rerank_core import RerankError
from rerank_core.corpora import MAX_PASSAGES, KnowledgeBase, KnowledgeBases
from rerank_core.corpora.knowledge_bases import HERE
from rerank_core.jobs import Job, JobContext

_HERE_LABEL = "This computer"
_STAGES = {"Copying": 0, "Copying vectors": 1, "Comparing": 2}
_EACH = 1_000  # thousandths of one stage


@dataclass(frozen=True)
class Moved:
    """What a move came to: the knowledge base, and a sentence of ours."""

    corpus_id: str
    message: str


def choice() -> str:
    """Where a new knowledge base is to be kept; nothing is asked where there is one place alone. Gives a home's id."""
    names = _names()
    if len(names) == 1:
        return HERE
    meaning = (
        f"This computer holds up to {MAX_PASSAGES:,} passages of one knowledge base. The others hold more, and every "
        "server that uses them finds it there. It can be moved later."
    )
    return select("Where it is kept", names, keys.CORPUS_HOME, persist_state="session", help=meaning)


def unreachable() -> None:
    """Say which homes cannot be reached now: their knowledge bases are missing from the lists."""
    for _home, error in stores.corpora().problems():
        errors.show(error, title="Some knowledge bases are not in the list now")


def offer_more(error: RerankError | None) -> None:
    """Where a knowledge base has become too large for this computer: the places that hold more."""
    if error is None or error.code != "corpus_full":
        return
    others = [name for home, name in _names().items() if home != HERE]
    if others:
        st.text(
            f"More fit in: {', '.join(others)}. Choose it under “Where it is kept” for a new one, or move the one that "
            "is there under Manage, and press the button again. The files are still here."
        )
    else:
        st.text("Whoever runs this server can name a search engine or a PostgreSQL in which more fit.")


def keep(base: KnowledgeBase, *, disabled: bool, pressed: Callable[[], object]) -> None:
    """Where a knowledge base is kept, and the way to another place, where there is one; `pressed` is called when it
    is taken."""
    names = _names()
    if len(names) == 1:
        return
    now = stores.corpora().home_of(base)
    st.text(f"Kept: {names[now]}", width="content")
    others = {home: name for home, name in names.items() if home != now}
    mine = MOVE.job()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        to = select("Move to", others, keys.CORPUS_MOVE_TO, width=280)
        st.button(
            "Move",
            icon=":material/drive_file_move:",
            disabled=disabled or mine.running,
            key=keys.CORPUS_MOVE,
            on_click=_move,
            args=(base.id, to, pressed),
            help="Passages and vectors are copied and compared one by one. Only then is it deleted where it is now.",
        )


def take_finished() -> None:
    """Take over a move that has ended, also one that an address names. Call it before the widgets are drawn."""
    link, mine = query_params.get(keys.MOVING), MOVE.job()
    if link and not mine.running:
        mine.watch([link])
    mine.take_finished()


def progress() -> None:
    """Show a knowledge base on its way, with a Cancel that works, and what went wrong."""
    mine = MOVE.job()
    query_params.sync({keys.MOVING: mine.id})
    mine.progress(stay=False)
    if mine.message:
        st.info(mine.message, icon=":material/stop_circle:")
    if mine.error is not None:
        errors.show(mine.error)


def _names() -> dict[str, str]:
    return {HERE: _HERE_LABEL} | {
        home.id: home.label[:1].upper() + home.label[1:] for home in stores.corpora().homes.values()
    }


def _move(source: str, to: str, pressed: Callable[[], object]) -> None:
    pressed()
    state().message = ""
    try:
        size = len(stores.corpora().open(source))
    except RerankError as error:
        MOVE.job().error = error
        return
    # It reads nothing that a model reads; somebody who closes the tab still wants it moved.
    MOVE.job().submit(lambda: Plan((Task(_work, (stores.corpora(), source, to, size), goes_on=True),)))


def _work(context: JobContext, store: KnowledgeBases, source: str, to: str, size: int) -> Moved:
    """Runs on a worker thread: nothing of Streamlit may be called here."""

    def tell(what: str, done: int, total: int) -> None:
        share = _EACH * done // total if total else 0
        note = f"{what}: {done:,} of {total:,}"
        context.progress(_EACH * _STAGES[what] + share, _EACH * len(_STAGES), note=note)

    base = store.move(source, to, tell)
    where = "this computer" if to == HERE else store.homes[to].label
    return Moved(base.id, f"It is kept in {where} now. All {size:,} passages were compared, and are the same.")


def _standing(job: Job[Moved]) -> str:
    now = job.progress
    left = f", about {now.eta:.0f} s left" if now.eta is not None and now.eta >= 1 else ""
    return f"{now.note or 'Moving the knowledge base'}{left}"


def _done(ended: Ended[Moved]) -> None:
    assert ended.result is not None
    state().message = ended.result.message


MOVE = JobKind[Moved](
    "move",
    "Moving the knowledge base",
    "moving it",
    take=_done,
    cancelled="Cancelled. The knowledge base is where it was.",
    words=_standing,
)
