"""The rows of a table in a web page or Word file, with cells that stretch over several rows repeated in each."""

from __future__ import annotations

from dataclasses import dataclass, field

_REPEATED_CHARACTERS = 300
_BUDGET = 1_000_000
_MOST_COLUMNS = 1_000


@dataclass(slots=True)
class Block:
    """A paragraph, or one line of a list or table; lines of the same list or table stay together."""

    text: str
    kind: str = "text"


@dataclass(slots=True)
class Cell:
    """A cell that is being read: its blocks so far, the rows it stretches over and the columns it takes."""

    blocks: list[Block] = field(default_factory=list)
    rows: int = 1
    columns: int = 1


@dataclass(slots=True)
class TableRow:
    """A table row that is being read; `plain` until something else than a few blocks a cell turns up."""

    cells: list[Cell] = field(default_factory=list)
    plain: bool = True


class Spans:
    """The cells of one table that reach down into the rows below.

    Short texts only, and a million characters in all: a table built to be repeated cannot fill the memory.
    """

    def __init__(self) -> None:
        self._reaching: dict[int, tuple[int, Cell]] = {}
        self._budget = _BUDGET

    def filled(self, cells: list[Cell]) -> list[Cell]:
        """The cells of the next row, those from above in their places. A row of none of its own stays empty."""
        if not any(cell.blocks for cell in cells) or not (self._reaching or any(cell.rows > 1 for cell in cells)):
            return cells
        found: list[Cell] = []
        reaching: dict[int, tuple[int, Cell]] = {}
        own = iter(cells)
        column = 0
        while True:
            if column in self._reaching:
                left, cell = self._reaching.pop(column)
                self._budget -= sum(len(block.text) for block in cell.blocks)
                if left > 1 and self._budget > 0:
                    reaching[column] = (left - 1, cell)
            elif (next_cell := next(own, None)) is not None:
                cell = next_cell
                if cell.rows > 1 and sum(len(block.text) for block in cell.blocks) <= _REPEATED_CHARACTERS:
                    reaching[column] = (cell.rows - 1, cell)
            elif self._reaching and column <= max(self._reaching):
                column += 1
                continue
            else:
                break
            found.append(cell)
            column += min(_MOST_COLUMNS, max(1, cell.columns))
        self._reaching = reaching
        return found


def span_of(value: str | None) -> int:
    """A rowspan or colspan as a number from 1 to 1,000; 0, "to the end", counts as many."""
    digits = (value or "").strip()
    if not digits.isascii() or not digits.isdigit():
        return 1
    return min(_MOST_COLUMNS, int(digits[:6])) or _MOST_COLUMNS
