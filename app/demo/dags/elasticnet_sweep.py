"""A sweep over ElasticNet's two parameters on real medical data; the champion is deployed."""

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sklearn.datasets import load_diabetes
from sklearn.linear_model import ElasticNet
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error
from sklearn.model_selection import train_test_split

from dagtop import (
    Param,
    active_run,
    dag,
    download_artifact,
    log_dict,
    log_metric,
    log_params,
    model_version,
    register_model,
    set_model_alias,
    set_tag,
    task,
)

ALPHAS = [0.001, 0.003, 0.01, 0.03, 0.1]
L1_RATIOS = [0.1, 0.5, 0.7, 0.9, 1.0]
MODELS = Path(__file__).resolve().parents[1] / "models" / "elasticnet"


MODEL = "elasticnet-diabetes"
"""Its name in the registry."""


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
    data: Any = load_diabetes()
    weights = [float(value) for value in model.coef_]
    coefficients = dict(zip(data.feature_names, weights, strict=True))
    log_dict(
        {"intercept": float(model.intercept_), "coefficients": coefficients},
        "model/coefficients.json",
    )
    card = {"model": "ElasticNet", "data": "scikit-learn diabetes", "metrics": scores}
    log_dict(card | {"params": {"alpha": alpha, "l1_ratio": l1_ratio}}, "model/card.json")
    return {"run": active_run().info.run_id, "alpha": alpha, "l1_ratio": l1_ratio, **scores}


@task
def pick_best(models: list[dict[str, Any]], day: str) -> int:
    """Register the model with the smallest root mean squared error; its version is the result."""
    best = min(models, key=lambda model: model["rmse"])
    print(f"best: alpha={best['alpha']} l1_ratio={best['l1_ratio']} rmse={best['rmse']:.3f}")
    log_metric("best_rmse", best["rmse"])
    made = register_model(MODEL, run_id=best["run"], alias="candidate", tags={"day": day})
    return made.version


@task
def promote(version: int) -> str:
    """Make the candidate the champion if it is better than the one there is, or the first."""
    candidate, champion = model_version(f"{MODEL}/{version}"), model_version(f"{MODEL}@champion")
    assert candidate is not None
    if champion is not None and champion.metrics["rmse"] <= candidate.metrics["rmse"]:
        print(f"version {champion.version} stays champion: rmse {champion.metrics['rmse']:.3f}")
        return f"{MODEL}/{champion.version}"
    set_model_alias(MODEL, "champion", candidate)
    print(f"version {version} is champion: rmse {candidate.metrics['rmse']:.3f}")
    return f"{MODEL}/{version}"


@task
def deploy(champion: str, day: str) -> str:
    """Put the champion's card and coefficients where they are served; the folder is the result."""
    folder = MODELS / day
    part = folder.with_name(f".{day}.{os.getpid()}")
    part.parent.mkdir(parents=True, exist_ok=True)
    download_artifact(f"models:/{champion}", dst_path=part)
    shutil.rmtree(folder, ignore_errors=True)
    part.replace(folder)  # a reader sees the whole folder, or none
    set_tag("deployed", str(folder))
    return str(folder)


@dag(
    schedule="@daily",
    start_date=datetime(2025, 1, 1, tzinfo=UTC),
    catchup=False,
    description="25 models on the diabetes data, the best one registered, the champion deployed",
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
    its parameters and `mae`, `r2`, `rmse`, and its model among its files. Each day splits the
    patients anew.

    `pick_best` registers the best as the next version of `elasticnet-diabetes`, the *candidate*;
    `promote` makes it the *champion* if it beats the one there is; `deploy` copies the champion's
    `card.json` and `coefficients.json` to `models/elasticnet/<day>/` in the workspace.
    """,
)
def elasticnet_sweep() -> None:
    """Sweep, pick, promote, deploy."""
    trained = train.partial(split="{{ ds_nodash }}").expand(alpha=ALPHAS, l1_ratio=L1_RATIOS)
    deploy(promote(pick_best(trained, day="{{ ds }}")), day="{{ ds }}")


elasticnet_sweep()
