"""Two comparisons of models: what was asked otherwise, and each model's two orders."""

from __future__ import annotations

from pages.components.history.two_runs import order_changed, what_changed, whole
from rerank_core.ranking.changes import Change, answer_changes
from rerank_core.ranking.contender import Contender, short_names
from rerank_core.storage.history.record import HistoryEntry
from rerank_core.storage.run_record import Run

_DEPTH = 10


def draw(before: HistoryEntry, after: HistoryEntry) -> None:
    """Draw what differs between two entries of several runs each."""
    earlier, later = ({_contender(run): run for run in map(whole, entry.runs)} for entry in (before, after))
    first, second = next(iter(earlier.values())), next(iter(later.values()))
    settings = {"Started from": first.order_name}, {"Started from": second.order_name}
    found = answer_changes(first.response, second.response, settings, _DEPTH)
    asked = [one for one in found.asked if one.what != "Model"]
    names = [", ".join(short_names(list(runs))) for runs in (earlier, later)]
    if set(earlier) != set(later):
        asked.append(Change("Models", *names))
    what_changed(asked, found)
    both = [contender for contender in earlier if contender in later]
    for place, (contender, name) in enumerate(zip(both, short_names(both), strict=True)):
        own = answer_changes(earlier[contender].response, later[contender].response, settings, _DEPTH)
        order_changed(own, name, place)


def _contender(run: Run) -> Contender:
    return Contender(run.connection, run.model)
