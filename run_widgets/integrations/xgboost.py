"""XGBoost: ``train(..., evals=[...], callbacks=[RunCallback(run)])``, ``cv``, or its estimators."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xgboost.callback import TrainingCallback

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from run_widgets.tracking import Run


class RunCallback(TrainingCallback):
    """Logs each round's evaluations as ``data/metric``; of ``cv`` their deviations too.

    Parameters
    ----------
    run
        Counts the rounds as its progress. Asked to stop, it ends the training after the round.
    """

    def __init__(self, run: Run) -> None:
        super().__init__()
        self.run = run

    def after_iteration(
        self, model: Any, epoch: int, evals_log: Mapping[str, Mapping[str, Sequence[Any]]]
    ) -> bool:
        del model
        values = {}
        for data, metrics in evals_log.items():
            for metric, history in metrics.items():
                last = history[-1]
                if isinstance(last, tuple):  # mean and deviation over the folds of `cv`
                    last, values[f"{data}/{metric}-std"] = last
                values[f"{data}/{metric}"] = last
        self.run.log_metrics(values, step=epoch)
        self.run.set_progress(epoch + 1)
        return self.run.should_stop()
