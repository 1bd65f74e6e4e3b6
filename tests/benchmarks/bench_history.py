"""The list of the history over 10,000 runs against the same over 100: the bar is 1.5 times, and 0.2 s for a word.

Each run has 5 documents of 80 words out of 20,000; every document stands in several runs. Figures are medians of the
processor's time, which a busy machine does not stretch. A word is looked for as the page does it: among the pinned
things, then among the others, newest first.
"""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rerank_core.models import Document, RankedDocument, RerankRequest, RerankResponse
from rerank_core.storage.database import Database
from rerank_core.storage.history.record import Made, Wanted
from rerank_core.storage.history.store import HistoryStore
from rerank_core.storage.run_record import Run
from rerank_core.storage.runs import RunStore

SMALL, LARGE, ROUNDS = 100, 10_000, 15
BAR_RATIO, BAR_WORD = 1.5, 0.2
WORDS = {
    "in every document": "the",
    "in many": "w7 ",
    "in one": "w12345",
    "unfinished": "w1",
    "in every query": "question",
}


def filled(folder: Path, many: int) -> HistoryStore:
    """A history of so many runs."""
    chance = random.Random(1)

    def text() -> str:
        return " ".join(["the", *(f"w{min(19_999, int(chance.paretovariate(0.6)))}" for _ in range(80))])

    pool = [Document(text(), f"d{number}") for number in range(max(200, 2 * many))]
    database = Database.open(folder=folder)
    runs, start = RunStore(database, max_runs=many), datetime(2026, 1, 1, tzinfo=UTC)
    with database.write(runs.subject):
        for number in range(many):
            request = RerankRequest(f"question {number}", chance.sample(pool, 5), "local-english")
            rows = tuple(RankedDocument(at + 1, at, None, one) for at, one in enumerate(request.documents))
            response = RerankResponse(rows, "local-english", "local", request)
            runs.save(Run(response, created=start + timedelta(minutes=number)), Made())
    return HistoryStore(database)


def median(work: Callable[[], object]) -> float:
    """Seconds of the processor."""
    work()
    taken = []
    for _ in range(ROUNDS):
        begun = time.process_time()
        work()
        taken.append(time.process_time() - begun)
    return statistics.median(taken)


def opened(history: HistoryStore, words: str = "") -> None:
    """What the page asks for."""
    history.find(Wanted(words=words, pinned=True), 50)
    history.find(Wanted(words=words, pinned=False), 20)


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        small, large = filled(Path(folder) / "small", SMALL), filled(Path(folder) / "large", LARGE)
        few, many = median(lambda: opened(small)), median(lambda: opened(large))
        print(f"History: a page of the list over {LARGE:,} runs {many * 1000:.1f} ms, over {SMALL} {few * 1000:.1f} ms")
        print(f"ratio {many / few:.2f}, bar {BAR_RATIO}")
        for name, word in WORDS.items():
            taken = median(lambda: opened(large, word))  # noqa: B023
            print(f"a word {name}: {(taken - many) * 1000:.1f} ms above that, bar {BAR_WORD * 1000:.0f} ms")
        for history in (small, large):
            history.close()


if __name__ == "__main__":
    main()
