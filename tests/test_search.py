"""Finding a text in a log of any size."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from run_widgets.portal import search
from run_widgets.portal.search import Line, line_at, lines_with

LINES = st.lists(st.text("abAB x", max_size=12), max_size=60)


def all_of(content: bytes, text: str, **limits: int) -> list[Line]:
    """Search to the end, however often that stops."""
    found, start = [], Line(0, 0)
    while True:
        part = lines_with(io.BytesIO(content), text, start=start, **limits)
        found += part.lines
        if part.next is None:
            return list(dict.fromkeys(found))
        start = part.next


def expected(content: bytes, text: str) -> list[Line]:
    at, found = 0, []
    for number, line in enumerate(content.split(b"\n")):
        if text.lower().encode() in line.lower():
            found.append(Line(at, number))
        at += len(line) + 1
    return found


@settings(deadline=None)
@given(LINES, st.text("abAB ", min_size=1, max_size=3), st.integers(1, 5), st.integers(1, 40))
def test_each_line_is_found_once_however_it_is_read(
    lines: list[str], text: str, most: int, chunk: int
) -> None:
    content = "\n".join(lines).encode()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search, "CHUNK_BYTES", max(chunk, 13))  # longer than any of the lines
        found = all_of(content, text, most=most, max_bytes=chunk)

    assert found == expected(content, text)


def test_a_text_is_found_in_a_line_without_an_end() -> None:
    content = b"x" * (3 * search.CHUNK_BYTES - 2) + b"needle" + b"x" * search.CHUNK_BYTES

    assert lines_with(io.BytesIO(content), "NEEDLE").lines == [Line(0, 0)]


def test_a_hundred_megabytes_are_looked_through_in_a_moment() -> None:
    content = b"epoch 12: loss 0.1234567\n" * 4_000_000 + b"here\n"

    found = lines_with(io.BytesIO(content), "here")

    assert found.lines == [Line(len(content) - 5, 4_000_000)]


@given(LINES, st.data())
def test_lines_before_a_place_are_counted(lines: list[str], data: st.DataObject) -> None:
    content = "\n".join(lines).encode()
    at = data.draw(st.integers(0, len(content)))

    assert line_at(io.BytesIO(content), at) == Line(at, content[:at].count(b"\n"))


@pytest.mark.parametrize(("text", "at"), [("", 0), ("x", -1)])
def test_what_cannot_be_searched_is_said(text: str, at: int) -> None:
    with pytest.raises(ValueError, match="search"):
        lines_with(io.BytesIO(b"x"), text, start=Line(at, 0))
