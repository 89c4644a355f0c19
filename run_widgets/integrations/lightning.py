"""Lightning: ``Trainer(logger=RunLogger(run), callbacks=[RunCallback(run)])``.

The logger gets all that ``self.log`` and ``save_hyperparameters`` say, as often as
the trainer's ``log_every_n_steps``; the callback shows progress and stops.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lightning.pytorch import Callback
from lightning.pytorch.loggers import Logger
from lightning.pytorch.utilities import rank_zero_only

if TYPE_CHECKING:
    from lightning.pytorch import Trainer

    from run_widgets.tracking import Run


class RunLogger(Logger):
    """Logs a trainer's metrics to a run, and hyperparameters as its tags; on rank zero only."""

    def __init__(self, run: Run) -> None:
        super().__init__()
        self.run = run

    @property
    def name(self) -> str:
        """The experiment's; Lightning names the folder of checkpoints so."""
        return self.run.experiment.name

    @property
    def version(self) -> str:
        """The run's id."""
        return self.run.id

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, Any], step: int | None = None) -> None:
        self.run.log_metrics(metrics, step=step)

    @rank_zero_only
    def log_hyperparams(self, params: Any, *_: Any, **__: Any) -> None:
        self.run.set_tags(params if isinstance(params, Mapping) else vars(params))


class RunCallback(Callback):
    """Shows how far a trainer is, and ends the fit after the batch when asked to stop."""

    def __init__(self, run: Run) -> None:
        self.run = run

    def on_train_batch_end(self, trainer: Trainer, *_: Any) -> None:
        total = trainer.estimated_stepping_batches
        if trainer.is_global_zero:
            self.run.set_progress(
                trainer.global_step, int(total) if total != float("inf") else None
            )
        if self.run.should_stop():
            trainer.should_stop = True
