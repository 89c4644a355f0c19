"""Keras 3: ``model.fit(..., callbacks=[RunCallback(run)])``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras

if TYPE_CHECKING:
    from collections.abc import Mapping

    from run_widgets.tracking import Run


class RunCallback(keras.callbacks.Callback):
    """Logs what Keras knows at the end of each epoch, under Keras' own names.

    Parameters
    ----------
    run
        Shows the epochs as its progress. Asked to stop, it ends the fit after the batch.
    """

    def __init__(self, run: Run) -> None:
        super().__init__()
        self.run = run

    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        del batch, logs
        if self.run.should_stop():
            self.model.stop_training = True

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        self.run.log_metrics(logs or {}, step=epoch)
        self.run.set_progress(epoch + 1, self.params.get("epochs"))
