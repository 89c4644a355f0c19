"""A small training to look at: which of two spirals is a point on?"""

import time

import numpy as np

from run_widgets import Run

Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


def spirals(count: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Return points, shape (count, 2), and the spiral each is on, 0 or 1, shape (count, 1)."""
    spiral = rng.integers(0, 2, (count, 1)).astype(float)
    turn = 2 * np.pi * np.sqrt(rng.uniform(0.05, 1, (count, 1)))
    radius = turn / (2 * np.pi) * (1 - 2 * spiral)
    points = np.hstack((radius * np.cos(turn), radius * np.sin(turn)))
    return points + rng.normal(0, 0.02, points.shape), spiral


class Network:
    """Two hidden layers, taught by gradient descent with momentum."""

    def __init__(self, rng: np.random.Generator, width: int = 48) -> None:
        shapes = [(2, width), (width, width), (width, 1)]
        scales = [3.0, 0.3, 0.3]
        self.layers: list[Array] = [
            rng.normal(0, scale, shape) for scale, shape in zip(scales, shapes, strict=True)
        ]
        self.speeds: list[Array] = [np.zeros(shape) for shape in shapes]

    def forward(self, points: Array) -> tuple[Array, Array, Array]:
        """Return both hidden layers, and how likely each point is on spiral 1."""
        first = np.tanh(points @ self.layers[0])
        second = np.tanh(first @ self.layers[1])
        return first, second, 1 / (1 + np.exp(-(second @ self.layers[2])))

    def learn(self, points: Array, spiral: Array) -> None:
        """Take one step down the slope of the loss."""
        first, second, guess = self.forward(points)
        error = (guess - spiral) / len(points)
        inner = error @ self.layers[2].T * (1 - second**2)
        outer = inner @ self.layers[1].T * (1 - first**2)
        slopes = [points.T @ outer, first.T @ inner, second.T @ error]
        for layer, speed, slope in zip(self.layers, self.speeds, slopes, strict=True):
            speed *= 0.95
            speed -= 0.1 * slope
            layer += speed


def train(run: Run, *, steps: int, pause_s: float) -> None:
    """Teach a network, and log after each step how well it does on points it saw, or never saw."""
    rng = np.random.default_rng(0)
    points, spiral = spirals(600, rng)
    network = Network(rng)
    for step in run.track(range(steps)):
        network.learn(points[:400], spiral[:400])
        for name, part in (("seen", slice(0, 400)), ("unseen", slice(400, None))):
            guess = network.forward(points[part])[2]
            right = np.clip(np.where(spiral[part] == 1, guess, 1 - guess), 1e-9, 1)
            run.log(f"loss {name}", -np.log(right).mean(), step=step)
            run.log(f"accuracy {name}", (right > 0.5).mean(), step=step)
        time.sleep(pause_s)
