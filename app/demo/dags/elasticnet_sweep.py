"""A sweep over ElasticNet's two parameters on real medical data; the best model is deployed."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sklearn.datasets import load_diabetes
from sklearn.linear_model import ElasticNet
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error
from sklearn.model_selection import train_test_split

from dagtop import Param, dag, log_metric, log_params, set_tag, task

ALPHAS = [0.001, 0.003, 0.01, 0.03, 0.1]
L1_RATIOS = [0.1, 0.5, 0.7, 0.9, 1.0]
MODELS = Path(__file__).resolve().parents[1] / "models" / "elasticnet"


def write_whole(path: Path, document: dict[str, Any]) -> None:
    """Write a JSON file so that a reader sees the old one or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}")
    part.write_text(json.dumps(document, indent=2) + "\n")
    part.replace(path)


@task(map_index_template="α {{ task.op_kwargs['alpha'] }} · l1 {{ task.op_kwargs['l1_ratio'] }}")
def train(
    alpha: float, l1_ratio: float, split: str, params: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Fit one model, and measure it on patients that it has not seen."""
    measurements, progression = load_diabetes(return_X_y=True, as_frame=False)
    seen, unseen, seen_truth, unseen_truth = train_test_split(
        measurements,
        progression,
        test_size=(params or {})["test_share"],
        random_state=int(split),
    )
    log_params({"alpha": alpha, "l1_ratio": l1_ratio, "split": split})
    model = ElasticNet(alpha=alpha, l1_ratio=l1_ratio, max_iter=10_000)
    model.fit(seen, seen_truth)
    predicted = model.predict(unseen)
    scores = {
        "mae": float(mean_absolute_error(unseen_truth, predicted)),
        "r2": float(r2_score(unseen_truth, predicted)),
        "rmse": float(root_mean_squared_error(unseen_truth, predicted)),
    }
    for name, score in scores.items():
        log_metric(name, score)
        print(f"{name} {score:.4f}")
    return {
        "alpha": alpha,
        "l1_ratio": l1_ratio,
        **scores,
        "coefficients": [float(value) for value in model.coef_],
        "intercept": float(model.intercept_),
    }


@task
def pick_best(models: list[dict[str, Any]]) -> dict[str, Any]:
    """The model with the smallest root mean squared error."""
    best = min(models, key=lambda model: model["rmse"])
    print(f"best: alpha={best['alpha']} l1_ratio={best['l1_ratio']} rmse={best['rmse']:.3f}")
    log_metric("best_rmse", best["rmse"])
    return best


@task
def deploy(best: dict[str, Any], day: str) -> str:
    """Write the model's card and its coefficients; the folder's path is the result."""
    folder = MODELS / day
    data: Any = load_diabetes()
    coefficients = dict(zip(data.feature_names, best["coefficients"], strict=True))
    write_whole(
        folder / "coefficients.json",
        {"intercept": best["intercept"], "coefficients": coefficients},
    )
    write_whole(
        folder / "card.json",
        {
            "model": "ElasticNet",
            "data": "scikit-learn diabetes",
            "day": day,
            "params": {key: best[key] for key in ("alpha", "l1_ratio")},
            "metrics": {key: best[key] for key in ("mae", "r2", "rmse")},
        },
    )
    set_tag("deployed", str(folder))
    return str(folder)


@dag(
    schedule="@daily",
    start_date=datetime(2025, 1, 1, tzinfo=UTC),
    catchup=False,
    description="25 models on the diabetes data, the best one deployed",
    default_args={"owner": "forecasting"},
    tags=["sweep", "scikit-learn"],
    params={
        "test_share": Param(
            0.25,
            type="number",
            minimum=0.1,
            maximum=0.5,
            description="Share of the patients that the models don't see in training",
        ),
    },
    doc_md="""
    ElasticNet on the *diabetes* data (442 patients, 10 measurements, disease progression one year
    later), for every pair of `alpha` and `l1_ratio`: one mapped task, one tracked run each, with
    its parameters and `mae`, `r2`, `rmse`. Each day splits the patients anew.

    `deploy` writes `models/elasticnet/<day>/card.json` and `coefficients.json` into the workspace.
    """,
)
def elasticnet_sweep() -> None:
    """Sweep, pick, deploy."""
    trained = train.partial(split="{{ ds_nodash }}").expand(alpha=ALPHAS, l1_ratio=L1_RATIOS)
    deploy(pick_best(trained), day="{{ ds }}")


elasticnet_sweep()
