"""Optuna: ``study.optimize(objective, callbacks=[RunCallback(run)])``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from optuna.study import StudyDirection
from optuna.trial import TrialState

if TYPE_CHECKING:
    from optuna import Study
    from optuna.trial import FrozenTrial

    from run_widgets.tracking import Run


class RunCallback:
    """Makes each trial a child run with its parameters as tags, and logs what it came to.

    A study of one objective also draws its best value so far. Child runs stand in the
    panel's table, and as lines across parallel axes.

    Parameters
    ----------
    run
        The study's. Asked to stop, it ends the study after the trial.
    """

    def __init__(self, run: Run) -> None:
        self.run = run

    def __call__(self, study: Study, trial: FrozenTrial) -> None:
        names = _names(study)
        child = self.run.child_run(f"trial {trial.number}", tags=trial.params)
        for name, direction in zip(names, study.directions, strict=True):
            child.set_goal(name, "minimize" if direction is StudyDirection.MINIMIZE else "maximize")
        for step, value in trial.intermediate_values.items():
            child.log(names[0], value, step=step)
        if trial.state is TrialState.COMPLETE:
            child.log_metrics(dict(zip(names, trial.values, strict=True)))
        _end(child, trial.state)
        if len(names) == 1 and trial.state is TrialState.COMPLETE:
            self.run.log(f"best {names[0]}", study.best_value, step=trial.number)
        if self.run.should_stop():
            study.stop()


def _names(study: Study) -> list[str]:
    count = len(study.directions)
    given = study.metric_names or [f"value {place}" for place in range(count)]
    return list(given) if count > 1 or study.metric_names else ["value"]


def _end(child: Run, state: TrialState) -> None:
    if state is TrialState.FAIL:
        child.fail("the trial failed: Optuna's log says why")
    elif state is TrialState.PRUNED:
        child.cancel()
    else:
        child.complete()
