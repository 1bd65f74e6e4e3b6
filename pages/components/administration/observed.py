"""The numbers of the moment, for Prometheus: sessions, the queue, uploads, the budget, room on the disk."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Callable, Iterator

from streamlit import runtime

import rerank_core
from pages.components.monitoring.metrics import Gauge
from pages.components.server import budget, upload_room, warm_up
from pages.components.session import stores
from rerank_core.errors import RerankError
from rerank_core.storage.sqlite_file import home

log = logging.getLogger("rerank_playground")


def now() -> Iterator[Gauge]:
    """All of them. What cannot be had at the moment is left out; the log says why."""
    for part in (_server, _queue, _money, _disk):
        yield from _had(part)


def _had(part: Callable[[], Iterator[Gauge]]) -> list[Gauge]:
    try:
        return list(part())
    except (RerankError, OSError) as error:
        log.warning("Some numbers of /metrics could not be had: %s", error)
        return []


def _server() -> Iterator[Gauge]:
    version = (("version", rerank_core.__version__),)
    yield Gauge("rerank_info", "The version of the app", [(version, 1)])
    yield Gauge("rerank_ready", "1 once the default model is loaded", [((), float(warm_up.readiness.ready))])
    yield Gauge("rerank_sessions", "Pages that are open in a browser", [((), _sessions())])
    held = sum(upload_room.ROOM.used().values())
    yield Gauge("rerank_upload_bytes", "What uploaded files hold in memory", [((), held)])


def _sessions() -> int:
    """Streamlit has no public way to say how many there are."""
    manager = getattr(runtime.get_instance(), "_session_mgr", None) if runtime.exists() else None
    return 0 if manager is None else int(manager.num_active_sessions())


def _queue() -> Iterator[Gauge]:
    jobs = stores.jobs().under_way()
    waiting = [job for job in jobs if job.state == "queued"]
    counts = {"waiting": len(waiting), "running": len(jobs) - len(waiting)}
    by_state = [((("state", state),), float(count)) for state, count in counts.items()]
    yield Gauge("rerank_jobs", "Background work that has not ended", by_state)
    longest = max((time.monotonic() - job.submitted for job in waiting), default=0.0)
    yield Gauge("rerank_longest_wait_seconds", "For how long the work that waits longest has waited", [((), longest)])
    owners = len({job.owner for job in jobs})
    yield Gauge("rerank_job_owners", "People, or sessions, who have work under way", [((), owners)])


def _money() -> Iterator[Gauge]:
    standing, allowed = stores.spending().standing(""), budget.allowance()
    counted = {
        "server_per_day": (standing.server_today.counted, allowed.server_per_day),
        "server_total": (standing.server_total.counted, allowed.server_total),
    }
    spent = [((("limit", name),), float(amount)) for name, (amount, _most) in counted.items()]
    limits = [((("limit", name),), float(most)) for name, (_amount, most) in counted.items() if most is not None]
    yield Gauge("rerank_budget_counted_usd", "What counts for the budget, of all servers on this store", spent)
    yield Gauge("rerank_budget_limit_usd", "The operator's budget, where one stands", limits)


def _disk() -> Iterator[Gauge]:
    folder = home()
    if folder.exists():
        yield Gauge(
            "rerank_disk_free_bytes",
            "Room on the disk of what is kept",
            [((), shutil.disk_usage(folder).free)],
        )
