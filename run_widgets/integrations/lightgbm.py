"""LightGBM: ``train(..., valid_sets=[...], callbacks=[RunCallback(run)])``, ``cv`` or ``fit``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lightgbm.callback import CallbackEnv, EarlyStopException

if TYPE_CHECKING:
    from run_widgets.tracking import Run


class RunCallback:
    """Logs each round's evaluations as ``data/metric``, and which way each is better.

    Parameters
    ----------
    run
        Shows the rounds as its progress. Asked to stop, it ends the training after the round.
    """

    order = 5  # before LightGBM's own early stopping, which ends a round by an exception

    def __init__(self, run: Run) -> None:
        self.run = run
        self._goals: set[str] = set()

    def __call__(self, env: CallbackEnv) -> None:
        results = env.evaluation_result_list or []
        values = {}
        for data, metric, value, is_higher_better, *deviation in results:
            name = f"{data}/{metric}"
            values[name] = value
            if deviation and deviation[0] is not None:  # over the folds of `cv`
                values[f"{name}-std"] = deviation[0]
            if name not in self._goals:
                self._goals.add(name)
                self.run.set_goal(name, "maximize" if is_higher_better else "minimize")
        self.run.log_metrics(values, step=env.iteration)
        self.run.set_progress(
            env.iteration - env.begin_iteration + 1, env.end_iteration - env.begin_iteration
        )
        if self.run.should_stop():
            raise EarlyStopException(env.iteration, results)
