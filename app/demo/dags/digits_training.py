"""Two classifiers learn handwritten digits, epoch by epoch, with their loss on the log."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

from dagtop import Asset, Param, dag, log_metric, log_params, set_tag, task

DIGITS = np.arange(10)
MODEL = Asset("digits_model", group="models")


def pixels_and_labels(seed: int) -> Any:
    """Images to train with, images to test with, their labels. Pixels are scaled to 0 … 1."""
    images, labels = load_digits(return_X_y=True)
    return train_test_split(
        images / 16.0, labels, test_size=0.25, random_state=seed, stratify=labels
    )


def epochs_of(model: Any, epochs: int, seed: int) -> Iterator[tuple[int, float, float]]:
    """Train epoch by epoch; gives (epoch, training loss, accuracy on unseen images)."""
    seen, unseen, seen_labels, unseen_labels = pixels_and_labels(seed)
    for epoch in range(1, epochs + 1):
        model.partial_fit(seen, seen_labels, classes=DIGITS)
        loss = float(log_loss(seen_labels, model.predict_proba(seen), labels=DIGITS))
        yield epoch, loss, float(model.score(unseen, unseen_labels))


def follow(model: Any, epochs: int, seed: int) -> float:
    """Train, print and record each epoch; gives the last accuracy."""
    accuracy = 0.0
    for epoch, loss, accuracy in epochs_of(model, epochs, seed):
        print(f"epoch {epoch:3d}/{epochs}  loss {loss:.4f}  accuracy {accuracy:.3f}", flush=True)
        log_metric("loss", loss, step=epoch)
        log_metric("accuracy", accuracy, step=epoch)
    return accuracy


@task(execution_timeout=timedelta(minutes=2))
def train_sgd(seed: str, params: dict[str, Any] | None = None) -> float:
    """Logistic regression by stochastic gradient descent."""
    settings = params or {}
    log_params({"model": "sgd", "learning_rate": settings["learning_rate"], "seed": seed})
    model = SGDClassifier(
        loss="log_loss",
        learning_rate="constant",
        eta0=settings["learning_rate"],
        random_state=int(seed),
    )
    return follow(model, settings["epochs"], int(seed))


@task(execution_timeout=timedelta(minutes=2))
def train_network(seed: str, params: dict[str, Any] | None = None) -> float:
    """A perceptron with one hidden layer, trained by Adam."""
    settings = params or {}
    log_params({"model": "mlp", **settings, "seed": seed})
    model = MLPClassifier(
        hidden_layer_sizes=(settings["hidden"],),
        learning_rate_init=settings["learning_rate"],
        random_state=int(seed),
    )
    return follow(model, settings["epochs"], int(seed))


@task(outlets=[MODEL])
def compare(sgd: float, network: float, outlet_events: Mapping[Asset, Any] | None = None) -> str:
    """Name the better model; its success is an event of the asset."""
    winner = "network" if network > sgd else "sgd"
    print(f"sgd {sgd:.3f}, network {network:.3f}: {winner} wins")
    set_tag("winner", winner)
    if outlet_events is not None:
        outlet_events[MODEL].extra = {"winner": winner, "accuracy": round(max(sgd, network), 3)}
    return winner


@dag(
    schedule="0 6 * * *",
    start_date=datetime(2025, 1, 1, tzinfo=UTC),
    catchup=False,
    description="SGD and a small neural network learn handwritten digits",
    default_args={"owner": "vision", "retries": 1, "retry_delay": timedelta(seconds=5)},
    tags=["training", "scikit-learn"],
    params={
        "epochs": Param(
            20, type="integer", minimum=1, maximum=200, description="Passes over the data"
        ),
        "learning_rate": Param(
            0.005,
            type="number",
            exclusiveMinimum=0,
            maximum=1,
            description="Step size of both optimisers",
        ),
        "hidden": Param(
            32, type="integer", minimum=1, maximum=256, description="Hidden units of the network"
        ),
    },
    doc_md="""
    1,797 images of 8 × 8 pixels. `train_sgd` (a linear model) and `train_network` (one hidden
    layer) run side by side, each printing and recording `loss` and `accuracy` per epoch;
    `compare` names the winner. Try a `learning_rate` of 0.5 and watch it fall apart.
    """,
)
def digits_training() -> None:
    """Train both, compare."""
    compare(train_sgd("{{ ds_nodash }}"), train_network("{{ ds_nodash }}"))


digits_training()


@task
def report(triggering_asset_events: Mapping[Asset, Any] | None = None) -> None:
    """Print what is new of each asset."""
    for asset, events in (triggering_asset_events or {}).items():
        for event in events:
            print(asset.name, event.source_run_id, event.extra)


@dag(
    schedule=[MODEL, Asset("recommendations")],
    description="Says what is new, once there are both a model and recommendations",
    default_args={"owner": "vision"},
    tags=["assets"],
    is_paused_upon_creation=False,
)
def news() -> None:
    """Runs on assets, not on a clock."""
    report()


news()
