"""A long run of inputs that nobody would send by accident, through every reader: `make fuzz`, or with a number of
inputs `make fuzz ARGS=20000`.

Two parts. Small inputs by Hypothesis: texts made of marks, texts of every shape of `tests.support.growing` with pieces
changed, and files of them with bytes changed; each must be read or refused in words. Then every shape at 1 MB, and at
3 MB where it is pasted, through the process in which the app reads it: how many seconds until it is read or refused.
It fails where anything is raised that is no refusal, and where an input takes over ten seconds. Seconds are those of a
processor, so that a busy machine does not count; they are measured and not tested, so this is no part of `make test`.
"""

from __future__ import annotations

import os
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from rerank_core.documents import parse_documents, read_isolated
from rerank_core.evaluation.formats.isolated import read_isolated as read_query_set
from rerank_core.evaluation.formats.kinds import READABLE
from tests.support.growing import READERS, SHAPES, Reader, refused, shapes_for

INPUTS = 245_000
MOST_SECONDS = 10.0
MEGABYTE = 1_000_000
MARKS = "\",;\t\n\r[]{}():<>&#*`'|\\/=-+ ab01\x00\ufeff\u2028é\U0001f600"

Edits = list[tuple[float, str]]

edits = st.lists(st.tuples(st.floats(0, 1), st.text(MARKS, max_size=6)), max_size=5)
texts = st.one_of(
    st.text(MARKS, max_size=300),
    st.text(max_size=100),
    st.builds(
        lambda shape, size, changes: changed(SHAPES[shape](size), changes),
        st.sampled_from(sorted(SHAPES)),
        st.integers(0, 25),
        edits,
    ),
)


def changed(text: str, changes: Edits) -> str:
    """The text with pieces of it overwritten, each at a share of its length."""
    for share, piece in changes:
        place = int(share * len(text))
        text = text[:place] + piece + text[place + len(piece) :]
    return text


def changed_bytes(data: bytes, changes: Edits) -> bytes:
    """The same for a file."""
    for share, piece in changes:
        place, bytes_ = int(share * len(data)), piece.encode("utf-8", "surrogatepass")
        data = data[:place] + bytes_ + data[place + len(bytes_) :]
    return data


class Counts:
    """What became of the inputs, by reader."""

    def __init__(self) -> None:
        self.inputs: Counter[str] = Counter()
        self.uncaught: list[str] = []
        self.slow: list[str] = []
        self.slowest = 0.0

    def read(self, name: str, what: str, work: Callable[[], object], seconds: Callable[[], float]) -> float:
        """One input; gives the seconds that it took."""
        self.inputs[name.partition(",")[0]] += 1
        before = seconds()
        try:
            work()
        except refused:
            pass
        except Exception:
            self.uncaught.append(f"{name}: {what}\n{traceback.format_exc(limit=-3)}")
        took = seconds() - before
        self.slowest = max(self.slowest, took)
        if took > MOST_SECONDS:
            self.slow.append(f"{name}: {what}: {took:.1f} s")
        return took


def small(counts: Counts, inputs: int) -> None:
    """So many small inputs, shared out among the readers."""
    each = max(1, inputs // len(READERS))
    for name, reader in READERS.items():
        _small(counts, name, reader, each)
        print(f"  {name}: {each:,} inputs", flush=True)


def _small(counts: Counts, name: str, reader: Reader, inputs: int) -> None:
    @settings(
        max_examples=inputs,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(texts, edits)
    def run(text: str, changes: Edits) -> None:
        try:
            data = reader.pack(text)
        except ValueError:  # what cannot be packed was never sent
            data = text.encode("utf-8", "surrogatepass")
        if isinstance(data, bytes):
            data = changed_bytes(data, changes)
        counts.read(name, repr(data)[:300], lambda: reader.read(data), time.process_time)

    run()


def large(counts: Counts) -> None:
    """Every shape, large, through the process that the app would read it in."""
    for name, what, work in _large():
        took = counts.read(name, what, work, _seconds_with_children)
        if took > MOST_SECONDS / 3:
            print(f"  {name}: {what}: {took:.1f} s", flush=True)


def _large() -> Iterator[tuple[str, str, Callable[[], object]]]:
    for shape in SHAPES:
        text = grown(shape, 3 * MEGABYTE)
        yield "large paste", f"{shape}, {len(text):,}", partial(parse_documents, text)
    for name in READERS:
        room, _, kind = name.partition(", ")
        if room not in ("document", "query set") or kind in READABLE:
            continue  # a query set of a known kind is read as "auto" finds out, or is refused
        for shape in shapes_for(name):
            try:
                data = READERS[name].pack(grown(shape, MEGABYTE))
            except ValueError:
                continue
            if room == "document":
                yield f"large {name}", shape, partial(read_isolated, f"a.{kind}", data)
            else:
                yield f"large {name}", shape, partial(read_query_set, "a.csv", data)


def grown(shape: str, characters: int) -> str:
    """A text of a shape, about so long."""
    size = 64
    while len(SHAPES[shape](size)) < characters:
        size *= 2
    return SHAPES[shape](max(1, size * characters // max(1, len(SHAPES[shape](size)))))


def _seconds_with_children() -> float:
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


def main(arguments: Sequence[str]) -> int:
    """Run both parts, or with the word "large" the second alone; 1 where something was uncaught or slow."""
    numbers = [int(one) for one in arguments if one.isdigit()]
    counts = Counts()
    if "large" not in arguments:
        small(counts, numbers[0] if numbers else INPUTS)
    large(counts)
    for room, number in counts.inputs.items():
        print(f"{room}: {number:,}")
    total = sum(counts.inputs.values())
    print(
        f"{total:,} inputs, {len(counts.uncaught)} uncaught, {len(counts.slow)} over {MOST_SECONDS:g} s, the slowest "
        f"{counts.slowest:.1f} s"
    )
    for line in [*counts.uncaught[:20], *counts.slow]:
        print(line)
    return 1 if counts.uncaught or counts.slow else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
