"""All rows of one table, however many: kept column by column, sorted, searched and paged."""

from __future__ import annotations

import re
import sys
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from run_widgets.reading.facts import SAFE_INTEGER, Cell, cell, shown
from run_widgets.reading.metrics import columns
from run_widgets.reading.summary import MAX_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from run_widgets.records import Record

MAX_CELLS = 50_000_000
"""Of one table; rows beyond are counted only. Numbers take eight bytes each."""

MAX_ROWS = 2_000
"""Of one window."""

BLOCK = 8_192
"""Rows whose cells are kept together."""

KEPT_ORDERS = 4

Cells: TypeAlias = "NDArray[Any] | list[Cell]"

_NUMBER = re.compile(r"\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?\s*", re.ASCII)

_INFINITIES = {"Infinity": np.inf, "-Infinity": -np.inf}

_DIGITS = re.compile("([0-9]+)")


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Which rows are shown, and in which order.

    As `js/src/tables/rows.ts` does it for what the browser has: numbers before texts,
    what is missing last in either direction, equal ones as they came.
    """

    wanted: str = ""
    """A text that some cell of a row has, whatever its case; empty for all rows."""

    column: int | None = None
    """The place of the column to sort by; None for the order of logging."""

    descending: bool = False


class LongTable:
    """Takes in records as they are read, and answers with windows of its rows."""

    def __init__(self) -> None:
        self.total = 0
        """Rows logged, whether they are held or only counted."""

        self.length = 0
        """Rows held, the first ones."""

        self._blocks: dict[str, list[Cells | None]] = {}  # by column; None: nothing in it
        self._tail: dict[str, list[Any]] = {}  # the rows after the last whole block
        self._orders: OrderedDict[Arrangement, tuple[int, NDArray[np.intp]]] = OrderedDict()

    @property
    def columns(self) -> list[str]:
        """The names of the first `MAX_COLUMNS`, in the order in which they appeared."""
        return [shown(name) for name in self._blocks]

    def add(self, records: Sequence[Record]) -> None:
        """Take in rows and tables, in the order in which they were logged."""
        cells = columns(records)
        count = max(map(len, cells.values()), default=0)
        self.total += count
        for name in cells:
            if name not in self._blocks and len(self._blocks) < MAX_COLUMNS:
                self._blocks[name] = [None] * (self.length // BLOCK)
                self._tail[name] = [None] * (self.length % BLOCK)
        room = MAX_CELLS // max(1, len(self._blocks)) - self.length
        count = max(0, min(count, room)) if self.length + count == self.total else 0
        for name, tail in self._tail.items():
            tail += cells[name][:count] if name in cells else [None] * count
        self.length += count
        while self._tail and self.length - self._sealed >= BLOCK:
            for name, tail in self._tail.items():
                self._blocks[name].append(_packed(tail[:BLOCK]))
                del tail[:BLOCK]

    def window(self, arrangement: Arrangement, start: int, count: int) -> dict[str, Any]:
        """Return `count` rows from the `start`-th on, as JSON can have them.

        Raises
        ------
        ValueError
            There is no such column, or more than `MAX_ROWS` are asked for.
        """
        if start < 0 or not 0 <= count <= MAX_ROWS:
            raise ValueError(f"from 0 on, 0 to {MAX_ROWS} rows, got {count} from {start}")
        if arrangement.column is not None and not 0 <= arrangement.column < len(self._blocks):
            raise ValueError(f"no column {arrangement.column}; there are {len(self._blocks)}")
        if arrangement == Arrangement():
            matched = self.length
            places = range(min(start, matched), min(start + count, matched))
        else:
            order = self._order(arrangement)
            matched = len(order)
            places = order[start : start + count].tolist()
        return {
            "columns": self.columns,
            "from": start,
            "rows": [self._row(place) for place in places],
            "matched": matched,
            "held": self.length,
            "total": self.total,
        }

    @property
    def _sealed(self) -> int:
        return self.length - len(next(iter(self._tail.values()), []))

    def _row(self, place: int) -> list[Cell]:
        block, within = divmod(place, BLOCK)
        return [_cell_at(cells, within) for cells in self._parts_at(block)]

    def _parts_at(self, block: int) -> Iterator[Cells | None]:
        for name, blocks in self._blocks.items():
            yield blocks[block] if block < len(blocks) else self._tail[name]

    def _order(self, arrangement: Arrangement) -> NDArray[np.intp]:
        known = self._orders.get(arrangement)
        if known is None or known[0] != self.length:
            kept = self._with_text(arrangement.wanted.strip().lower())
            known = (self.length, self._sorted(kept, arrangement))
            self._orders[arrangement] = known
        self._orders.move_to_end(arrangement)
        while len(self._orders) > KEPT_ORDERS:
            self._orders.popitem(last=False)
        return known[1]

    def _with_text(self, text: str) -> NDArray[np.intp]:
        if not text:
            return np.arange(self.length)
        found = np.zeros(self.length, bool)
        for block in range(-(-self.length // BLOCK)):
            here = found[block * BLOCK : (block + 1) * BLOCK]
            for cells in self._parts_at(block):
                if cells is None:
                    continue
                values = cells if isinstance(cells, list) else cells.tolist()
                here |= np.fromiter((text in _text(v) for v in values), bool, len(here))
        return np.flatnonzero(found)

    def _sorted(self, kept: NDArray[np.intp], arrangement: Arrangement) -> NDArray[np.intp]:
        if arrangement.column is None or not len(kept):
            return kept
        rank, number, text = (keys[kept] for keys in self._keys(arrangement.column))
        if arrangement.descending:
            # What is missing, or no number, has no place in either direction.
            rank = np.where(rank < 2, 1 - rank, rank)
            number, text = -number, -text
        if not rank.any() and not text.any():
            return kept[np.argsort(number, kind="stable")]
        return kept[np.lexsort((text, number, rank))]

    def _keys(self, column: int) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        """Return rank, number and the place among the texts, each of shape (length,)."""
        name = list(self._blocks)[column]
        rank = np.zeros(self.length, np.int8)
        number = np.zeros(self.length)
        texts: dict[int, str] = {}
        for block, cells in enumerate([*self._blocks[name], self._tail[name]]):
            part = slice(block * BLOCK, (block + 1) * BLOCK)
            if cells is None:
                rank[part] = 3
            elif isinstance(cells, list):
                for place, value in enumerate(cells, part.start):
                    rank[place], key = _key(cell(value))
                    if isinstance(key, str):
                        texts[place] = key
                    else:
                        number[place] = key
            else:
                missing = np.isnan(cells)
                rank[part] = np.where(missing, 2, 0)
                number[part] = np.where(missing, 0.0, cells)
        order = sorted(set(texts.values()), key=_natural)
        places = {text: place for place, text in enumerate(order)}
        among = np.zeros(self.length, np.int64)
        if texts:
            among[list(texts)] = [places[text] for text in texts.values()]
        return rank, number, among


def _packed(values: list[Any]) -> Cells | None:
    kinds = set(map(type, values))
    if kinds == {float}:
        return np.array(values, np.float64)
    if kinds == {int} and max(map(abs, values)) < SAFE_INTEGER:
        return np.array(values, np.int64)
    if kinds == {type(None)}:
        return None
    made = map(cell, values)
    # The same words come again and again in a column.
    return [sys.intern(value) if type(value) is str else value for value in made]


def _cell_at(cells: Cells | None, place: int) -> Cell:
    if cells is None:
        return None
    return cell(cells[place] if isinstance(cells, list) else cells[place].item())


def _text(value: object) -> str:
    """Return a cell as the browser writes it, in small letters."""
    if value is None:
        return ""
    if type(value) is float and value.is_integer() and abs(value) < 1e16:
        return str(int(value))
    return str(cell(value)).lower()


def _key(value: Cell) -> tuple[int, float | str]:
    if value is None or value == "":
        return 3, 0.0
    if value == "NaN":
        return 2, 0.0
    if not isinstance(value, str):
        return 0, float(value)
    if value in _INFINITIES:
        return 0, _INFINITIES[value]
    return (0, float(value)) if _NUMBER.fullmatch(value) else (1, value)


def _natural(text: str) -> list[str | int]:
    """Return what to sort a text by, so that ``step10`` comes after ``step9``."""
    parts = _DIGITS.split(text.casefold())
    return [int(part) if place % 2 else part for place, part in enumerate(parts)]
