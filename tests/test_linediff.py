"""A diff that anybody can apply, in bounded time."""

from __future__ import annotations

import random
import shutil
import subprocess
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from run_widgets.comparing.linediff import changes, unified

if TYPE_CHECKING:
    from pathlib import Path

texts = st.lists(st.sampled_from(["a", "b", "c", "d", "", "e f"]), max_size=40)


@given(before=texts, after=texts)
def test_the_blocks_turn_one_text_into_the_other(before: list[str], after: list[str]) -> None:
    made: list[str] = []
    place = 0
    for i1, i2, j1, j2 in changes(before, after):
        assert i1 < i2 or j1 < j2
        made += before[place:i1] + after[j1:j2]
        place = i2
    made += before[place:]

    assert made == after
    assert bool(changes(before, after)) == (before != after)


@pytest.mark.skipif(shutil.which("patch") is None, reason="needs patch")
@pytest.mark.parametrize("seed", range(20))
def test_patch_applies_it(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    before = [chance.choice(["x = 1", "", "y = 2", f"line {n}"]) for n in range(60)]
    after = list(before)
    for _ in range(8):
        place = chance.randrange(len(after))
        after[place : place + chance.randrange(3)] = [f"new {chance.random()}"] * chance.randrange(
            3
        )
    (tmp_path / "a").write_text("".join(f"{line}\n" for line in before))
    lines = ["--- a", "+++ a", *unified(before, after)]
    (tmp_path / "diff").write_text("".join(f"{line}\n" for line in lines))

    subprocess.run(["patch", "-s", "a", "diff"], cwd=tmp_path, check=True)

    assert (tmp_path / "a").read_text() == "".join(f"{line}\n" for line in after)


def test_it_reads_as_a_diff_does() -> None:
    before = [f"line {n}" for n in range(1, 21)]
    after = [*before[:9], "changed", *before[10:], "added"]

    assert unified(before, after) == [
        "@@ -7,7 +7,7 @@",
        " line 7",
        " line 8",
        " line 9",
        "-line 10",
        "+changed",
        " line 11",
        " line 12",
        " line 13",
        "@@ -18,3 +18,4 @@",
        " line 18",
        " line 19",
        " line 20",
        "+added",
    ]


def test_a_small_change_in_a_long_file_is_a_small_diff() -> None:
    before = [f"def f{n}(): return {n}" for n in range(50_000)]
    after = ["import os", *before[:20_000], "# here", *before[20_001:]]

    assert len(unified(before, after)) < 20


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (["x"] * 50_000, ["x", "y"] * 25_000),
        ([f"{n % 150}" for n in range(50_000)], [f"{n * 7 % 150}" for n in range(50_000)]),
        ([f"{n}" for n in range(50_000)], [f"{n}" for n in reversed(range(50_000))]),
        ([str(n) for n in range(50_000)], [f"a{n}" for n in range(50_000)]),
    ],
)
def test_texts_made_to_be_slow_are_not(before: list[str], after: list[str]) -> None:
    start = time.perf_counter()
    lines = unified(before, after)

    assert time.perf_counter() - start < 5
    assert lines
