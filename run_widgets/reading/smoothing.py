"""The smoothing of the charts, for whoever wants the same numbers in Python."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def smooth(values: ArrayLike, factor: float) -> NDArray[np.float64]:
    """Return the debiased exponential moving average that a panel draws.

    Each value is the weighted mean of all values up to it, those further back
    weighing less by `factor` a step. The weights of the first few are scaled to
    sum to 1 as well, so that a line neither starts at 0 nor at its first value.
    `js/src/charts/smooth.ts` does the same, and the tests of both share their examples.

    Parameters
    ----------
    values
        Shape (n,), any unit. NaN and infinities stay where they are, and the
        values after them are as if they had not been there.
    factor
        0 changes nothing; from there up to, but not including, 1 ever smoother.

    Raises
    ------
    ValueError
        `factor` is not in [0, 1), or `values` is no line.
    """
    if not 0 <= factor < 1:
        raise ValueError(f"factor must be at least 0 and below 1, got {factor!r}")
    line = np.array(values, np.float64)
    if line.ndim != 1:
        raise ValueError(f"values must be of shape (n,), got {line.shape}")
    if factor == 0:
        return line
    mean, weight = 0.0, 0.0
    # Not numpy's cumsum of growing weights, which loses all precision after a few hundred.
    for i, value in enumerate(line.tolist()):
        if math.isfinite(value):
            weight = factor * weight + (1 - factor)
            share = (1 - factor) / weight
            mean = mean * (1 - share) + value * share
            line[i] = mean
    return line
