"""Rows of cells, one by one or as one list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, overload


class Row(NamedTuple):
    """The cells of one row and the line, from 1, on which it begins."""

    line: int
    cells: Sequence[str]


class PlainRows(Sequence[Row]):
    """Rows of equally many cells, one a line and none of them blank, kept as one list of all cells.

    `cells` are those of the rows one after the other, `width` how many a row has, `line` where the first begins.
    `beginnings` are the first characters of all cells, and may be those of others.
    """

    def __init__(self, cells: list[str], width: int, line: int, beginnings: frozenset[str]) -> None:
        self._cells, self.width, self._line, self.beginnings = cells, width, line, beginnings

    def __len__(self) -> int:
        return len(self._cells) // self.width

    def __iter__(self) -> Iterator[Row]:
        width = self.width
        for number, start in enumerate(range(0, len(self._cells), width), start=self._line):
            yield Row(number, self._cells[start : start + width])

    @overload
    def __getitem__(self, place: int) -> Row: ...
    @overload
    def __getitem__(self, place: slice) -> PlainRows | list[Row]: ...
    def __getitem__(self, place: int | slice) -> Row | PlainRows | list[Row]:
        if isinstance(place, slice):
            start, stop, step = place.indices(len(self))
            if step != 1:
                return [self[each] for each in range(start, stop, step)]
            cells = self._cells[start * self.width : stop * self.width]
            return PlainRows(cells, self.width, self._line + start, self.beginnings)
        at = range(len(self))[place]
        return Row(self._line + at, self._cells[at * self.width : (at + 1) * self.width])

    def column(self, place: int) -> list[str]:
        """The cells of one column, from 0."""
        return self._cells[place :: self.width]
