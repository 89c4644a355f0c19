"""Hugging Face's Trainer: ``Trainer(..., callbacks=[RunCallback(run)])``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from transformers import TrainerCallback

if TYPE_CHECKING:
    from collections.abc import Mapping

    from transformers import TrainerControl, TrainerState, TrainingArguments

    from run_widgets.tracking import Run


class RunCallback(TrainerCallback):
    """Logs what a Trainer logs, under its names and steps; on the first process only.

    Parameters
    ----------
    run
        Shows the steps as its progress. Asked to stop, it ends the training after the step.
    """

    def __init__(self, run: Run) -> None:
        self.run = run

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: Mapping[str, Any],
        **_: Any,
    ) -> None:
        del args, control
        if state.is_world_process_zero:
            self.run.log_metrics(logs, step=state.global_step)

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        del args
        if state.is_world_process_zero:
            self.run.set_progress(state.global_step, state.max_steps)
        if self.run.should_stop():
            control.should_training_stop = True
