"""The callbacks, in real fits of each framework that is installed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from run_widgets import Run

pytestmark = pytest.mark.filterwarnings("default")  # a framework's own are not ours to mend

X = np.random.default_rng(0).normal(size=(200, 4)).astype("float32")
Y = (X.sum(axis=1) > 0).astype("float32")

STEPS = 5
"""Rounds, epochs or steps of each fit, so that a stopped one is seen to have had fewer."""


def lightgbm(run: Run) -> None:
    lightgbm = pytest.importorskip("lightgbm")
    from run_widgets.integrations.lightgbm import RunCallback

    data = lightgbm.Dataset(X, Y)
    lightgbm.train(
        {"metric": ["auc", "l2"], "verbose": -1},
        data,
        STEPS,
        valid_sets=[data],
        valid_names=["train"],
        callbacks=[RunCallback(run)],
    )


def xgboost(run: Run) -> None:
    xgboost = pytest.importorskip("xgboost")
    from run_widgets.integrations.xgboost import RunCallback

    data = xgboost.DMatrix(X, Y)
    xgboost.train(
        {"objective": "binary:logistic", "nthread": 1},
        data,
        STEPS,
        evals=[(data, "train")],
        callbacks=[RunCallback(run)],
        verbose_eval=False,
    )


def keras(run: Run) -> None:
    keras = pytest.importorskip("keras")
    from run_widgets.integrations.keras import RunCallback

    model = keras.Sequential([keras.layers.Dense(1, activation="sigmoid")])
    model.compile("sgd", "binary_crossentropy")
    model.fit(X, Y, epochs=STEPS, validation_split=0.5, callbacks=[RunCallback(run)], verbose=0)


def transformers(run: Run) -> None:
    torch, transformers = pytest.importorskip("torch"), pytest.importorskip("transformers")
    from run_widgets.integrations.transformers import RunCallback

    class Model(torch.nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.layer = torch.nn.Linear(4, 1)

        def forward(self, x: Any, labels: Any) -> dict[str, Any]:
            return {"loss": ((self.layer(x)[:, 0] - labels) ** 2).mean()}

    data = [{"x": x, "labels": y} for x, y in zip(X, Y, strict=True)]
    arguments = transformers.TrainingArguments(
        output_dir=str(run.folder / "trainer"),
        max_steps=STEPS,
        logging_steps=1,
        report_to="none",
        save_strategy="no",
        disable_tqdm=True,
        use_cpu=True,
    )
    trainer = transformers.Trainer(
        Model(), arguments, train_dataset=data, eval_dataset=data, callbacks=[RunCallback(run)]
    )
    trainer.evaluate()  # before any training: a notebook's progress bars are known to fail here
    trainer.train()


def lightning(run: Run) -> None:
    torch, lightning = pytest.importorskip("torch"), pytest.importorskip("lightning.pytorch")
    from run_widgets.integrations.lightning import RunCallback, RunLogger

    class Module(lightning.LightningModule):  # type: ignore[misc, name-defined]
        def __init__(self, rate: float = 0.1) -> None:
            super().__init__()
            self.save_hyperparameters()
            self.layer = torch.nn.Linear(4, 1)

        def training_step(self, batch: Any, place: int) -> Any:
            loss = ((self.layer(batch[0])[:, 0] - batch[1]) ** 2).mean()
            self.log("train/loss", loss)
            return loss

        def configure_optimizers(self) -> Any:
            return torch.optim.SGD(self.parameters(), self.hparams.rate)

    data = torch.utils.data.TensorDataset(torch.from_numpy(X), torch.from_numpy(Y))
    trainer = lightning.Trainer(
        max_steps=STEPS,
        accelerator="cpu",
        log_every_n_steps=1,
        logger=RunLogger(run),
        callbacks=[RunCallback(run)],
        default_root_dir=run.folder / "trainer",
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(Module(), torch.utils.data.DataLoader(data, 16))


FITS = [lightgbm, xgboost, keras, transformers, lightning]

VALUES = {
    "lightgbm": {"train/auc", "train/l2"},
    "xgboost": {"train/logloss"},
    "keras": {"loss", "val_loss"},
    "transformers": {"loss", "grad_norm", "learning_rate", "epoch", "eval_loss", "train_loss"},
    "lightning": {"train/loss", "epoch"},
}


@pytest.mark.parametrize("fit", FITS)
def test_a_fit_is_logged_under_the_frameworks_own_names(
    fit: Callable[[Run], None], run: Run
) -> None:
    fit(run)

    metrics = run.get_metrics()
    assert VALUES[fit.__name__] <= set(metrics)
    curve = metrics[min(VALUES[fit.__name__] - {"epoch", "eval_loss"} & set(metrics))]
    assert len(curve) == STEPS
    assert run.get_status() == "Running"  # whoever started it ends it


@pytest.mark.parametrize("fit", FITS)
def test_a_fit_that_is_asked_to_stop_ends_after_its_first_step(
    fit: Callable[[Run], None], run: Run
) -> None:
    run.store.request_stop(run.id)

    fit(run)

    done = run.store.run(run.id).done_steps
    assert done == 1


def test_lightning_hyperparameters_are_tags(run: Run) -> None:
    lightning(run)

    assert run.tags == {"rate": "0.1"}


def test_lightgbm_tells_which_way_a_metric_is_better(run: Run) -> None:
    lightgbm(run)

    goals = run.store.run(run.id).goals
    assert goals == {"train/auc": "maximize", "train/l2": "minimize"}


def test_folds_have_their_mean_and_deviation(run: Run) -> None:
    xgboost = pytest.importorskip("xgboost")
    from run_widgets.integrations.xgboost import RunCallback

    xgboost.cv({"nthread": 1}, xgboost.DMatrix(X, Y), STEPS, callbacks=[RunCallback(run)])

    metrics = run.get_metrics()
    assert set(metrics) == {"train/rmse", "train/rmse-std", "test/rmse", "test/rmse-std"}
    assert {len(values) for values in metrics.values()} == {STEPS}


def test_each_trial_of_a_study_is_a_child_run(run: Run) -> None:
    optuna = pytest.importorskip("optuna")
    from run_widgets.integrations.optuna import RunCallback

    def objective(trial: Any) -> float:
        x = trial.suggest_float("x", -1, 1)
        if trial.number == 1:
            raise optuna.TrialPruned
        if trial.number == 2:
            raise ArithmeticError
        trial.report(x, step=0)
        return x * x

    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    study.optimize(objective, n_trials=4, callbacks=[RunCallback(run)], catch=ArithmeticError)

    last, failed, pruned, first = run.get_children()
    assert [child.get_status() for child in (first, pruned, failed, last)] == [
        "Completed",
        "Canceled",
        "Failed",
        "Completed",
    ]
    assert first.display_name == "trial 0"
    assert first.tags == {"x": str(study.trials[0].params["x"])}
    assert first.get_metrics() == {"value": [study.trials[0].params["x"], study.trials[0].value]}
    assert run.get_metrics()["best value"][-1] == study.best_value


def test_a_study_that_is_asked_to_stop_ends_after_its_trial(run: Run) -> None:
    optuna = pytest.importorskip("optuna")
    from run_widgets.integrations.optuna import RunCallback

    study = optuna.create_study(directions=["minimize", "maximize"])
    run.store.request_stop(run.id)

    study.optimize(lambda _: (1.0, 2.0), n_trials=STEPS, callbacks=[RunCallback(run)])

    (child,) = run.get_children()
    assert child.get_metrics() == {"value 0": 1.0, "value 1": 2.0}
