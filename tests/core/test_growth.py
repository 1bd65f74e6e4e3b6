"""No reader works or remembers more, for an input of any shape, than the input's size asks for.

Work is counted in lines that were run and memory in bytes, so that no clock is asked. The readers come from the
registries: one that is added is tested here by itself, or fails until it is said how its files are made.
"""

from __future__ import annotations

import pytest

from rerank_core.documents.kinds import EXTRACTED_KINDS, FILE_KINDS
from rerank_core.evaluation.formats import reading
from tests.support.growing import ARCHIVES, PACKED, READERS, peak, shapes_for, steps

SIZE = 40
# Of work that grows as the input does the second doubling adds twice what the first one did, of work that grows with
# its square four times as much. A constant, or a look at a sample, makes it less.
MOST = 2.6
STEPS, BYTES = 3_000, 1_000_000
# Where work begins only beyond some size, the step is seen once and not again further up.
LOOKS = 3
# One of each kind of shape, since looking at memory takes long.
REMEMBERED = (
    "rows of one id",
    "rows that are too short",
    "objects with a key each",
    "columns of one name",
    "lists in lists",
    "one long cell",
    "an open quote a row",
)


def grows_faster(work, size: int, slack: int) -> bool:
    """Whether work grows faster than its input does, as three sizes show."""
    first, second, third = (work(size * times) for times in (1, 2, 4))
    return third - second > MOST * max(0, second - first) + slack


@pytest.mark.slow
@pytest.mark.parametrize("name", READERS)
def test_work_grows_no_faster_than_the_input(name):
    """Twice as much of any shape is twice the work, in whichever reader."""
    reader = READERS[name]
    steps(reader("a,b\n1,2\n"))  # what is imported at the first file is no work of a reader

    def work(shape):
        return lambda size: steps(reader(shape(size)))

    shapes = shapes_for(name)
    suspects = [shape for shape in shapes if grows_faster(work(shapes[shape]), SIZE, STEPS)]
    for further in range(1, LOOKS):
        suspects = [one for one in suspects if grows_faster(work(shapes[one]), SIZE * 4**further, STEPS)]
    assert not suspects


@pytest.mark.slow
@pytest.mark.parametrize("name", READERS)
def test_memory_grows_no_faster_than_the_input(name):
    """Twice as many rows, bad rows, columns, levels or quotes take twice the memory, in whichever reader."""
    reader = READERS[name]
    peak(reader("a,b\n1,2\n"))

    def memory(shape):
        return lambda size: peak(reader(shape(size)))

    size, shapes = 8 * SIZE, {shape: made for shape, made in shapes_for(name).items() if shape in REMEMBERED}
    suspects = [shape for shape in shapes if grows_faster(memory(shapes[shape]), size, BYTES)]
    suspects = [shape for shape in suspects if grows_faster(memory(shapes[shape]), 4 * size, BYTES)]
    assert not suspects


def test_a_reader_that_is_quadratic_would_be_found():
    """The count sees work that grows with the square of its input, in Python as it is written by mistake."""

    def unique(text: str) -> list[str]:
        found: list[str] = []
        for word in text.split():
            if not any(word == other for other in found):
                found.append(word)
        return found

    def quadratic(size: int) -> int:
        text = " ".join(map(str, range(size)))
        return steps(lambda: unique(text))

    def linear(size: int) -> int:
        text = " ".join(map(str, range(size)))
        return steps(lambda: [word.strip() for word in text.split()])

    assert grows_faster(quadratic, SIZE, STEPS)
    assert not grows_faster(linear, SIZE, STEPS)
    assert grows_faster(lambda size: peak(lambda: [" " * size for _ in range(size)]), 40 * SIZE, BYTES)


def test_each_kind_of_file_can_be_made():
    """Every kind that is no plain text has a maker here, so that its reader meets every shape."""
    assert set(PACKED) == {*EXTRACTED_KINDS, "xlsx"}
    assert set(PACKED) < set(FILE_KINDS.values())
    assert set(ARCHIVES) == set(reading.RISKY)
