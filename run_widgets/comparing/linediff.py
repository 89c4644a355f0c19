"""What differs between two texts, line by line, in bounded time whatever the texts are.

Lines that each text has exactly once anchor the comparison; only the short
stretches between them are compared in full, and a long stretch without any
anchor is given as replaced. So a generated file of a hundred thousand lines, or
one made to be slow, costs what sorting it would.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CONTEXT = 3
FULL_LINES = 300
"""Up to so many lines on either side a stretch is compared in full."""

Block = tuple[int, int, int, int]
"""Lines ``[i1, i2)`` of the one text in place of ``[j1, j2)`` of the other."""


def unified(before: Sequence[str], after: Sequence[str], *, context: int = CONTEXT) -> list[str]:
    """Return the lines of a unified diff, without its two header lines; empty where equal."""
    lines: list[str] = []
    for hunk in _hunks(changes(before, after), context):
        start, end = hunk[0], hunk[-1]
        i1, j1 = max(0, start[0] - context), max(0, start[2] - context)
        i2, j2 = min(len(before), end[1] + context), min(len(after), end[3] + context)
        lines.append(f"@@ -{_range(i1, i2)} +{_range(j1, j2)} @@")
        place = i1
        for a1, a2, b1, b2 in hunk:
            lines += [f" {line}" for line in before[place:a1]]
            lines += [f"-{line}" for line in before[a1:a2]]
            lines += [f"+{line}" for line in after[b1:b2]]
            place = a2
        lines += [f" {line}" for line in before[place:i2]]
    return lines


def whole(before: Sequence[str], after: Sequence[str]) -> list[str]:
    """Return all lines of both texts in order, each after its sign: space, ``-`` or ``+``."""
    lines: list[str] = []
    place = 0
    for i1, i2, j1, j2 in changes(before, after):
        lines += [f" {line}" for line in before[place:i1]]
        lines += [f"-{line}" for line in before[i1:i2]]
        lines += [f"+{line}" for line in after[j1:j2]]
        place = i2
    return [*lines, *(f" {line}" for line in before[place:])]


def changes(before: Sequence[str], after: Sequence[str]) -> list[Block]:
    """Return the blocks in which the texts differ, in order and apart from each other."""
    blocks: list[Block] = []
    i = j = 0
    for next_i, next_j in [*_anchors(before, after), (len(before), len(after))]:
        for block in _compared(before[i:next_i], after[j:next_j]):
            moved = (block[0] + i, block[1] + i, block[2] + j, block[3] + j)
            if blocks and blocks[-1][1] == moved[0] and blocks[-1][3] == moved[2]:
                last = blocks.pop()
                moved = (last[0], moved[1], last[2], moved[3])
            blocks.append(moved)
        i, j = next_i, next_j
    return blocks


def _anchors(before: Sequence[str], after: Sequence[str]) -> list[tuple[int, int]]:
    """Return where lines that both texts have once stand, as many as keep their order."""
    once = {line for line, count in Counter(before).items() if count == 1}
    once &= {line for line, count in Counter(after).items() if count == 1}
    place = {line: n for n, line in enumerate(after) if line in once}
    pairs = [(n, place[line]) for n, line in enumerate(before) if line in once]
    # The longest increasing run of the second places, by patience sorting.
    tops: list[int] = []
    top_pairs: list[int] = []
    previous: list[int] = []
    for index, (_, j) in enumerate(pairs):
        pile = bisect_left(tops, j)
        previous.append(top_pairs[pile - 1] if pile else -1)
        tops[pile : pile + 1] = [j]
        top_pairs[pile : pile + 1] = [index]
    chain = []
    index = top_pairs[-1] if top_pairs else -1
    while index >= 0:
        chain.append(pairs[index])
        index = previous[index]
    return chain[::-1]


def _compared(before: Sequence[str], after: Sequence[str]) -> list[Block]:
    start = 0
    while start < min(len(before), len(after)) and before[start] == after[start]:
        start += 1
    end = 0
    while end < min(len(before), len(after)) - start and before[-1 - end] == after[-1 - end]:
        end += 1
    a, b = before[start : len(before) - end], after[start : len(after) - end]
    if not a and not b:
        return []
    if max(len(a), len(b)) > FULL_LINES:
        return [(start, start + len(a), start, start + len(b))]
    opcodes = SequenceMatcher(None, a, b, autojunk=False).get_opcodes()
    return [
        (i1 + start, i2 + start, j1 + start, j2 + start)
        for tag, i1, i2, j1, j2 in opcodes
        if tag != "equal"
    ]


def _hunks(blocks: list[Block], context: int) -> Iterator[list[Block]]:
    """Yield neighbours whose surroundings meet together."""
    hunk: list[Block] = []
    for block in blocks:
        if hunk and block[0] - hunk[-1][1] > 2 * context:
            yield hunk
            hunk = []
        hunk.append(block)
    if hunk:
        yield hunk


def _range(start: int, end: int) -> str:
    """Return a range of lines as `diff` writes it: from 1, one line without its count."""
    count = end - start
    return f"{start + 1}" if count == 1 else f"{start + 1 if count else start},{count}"
