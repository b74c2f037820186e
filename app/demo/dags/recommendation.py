"""A recommender: input tables, a phase, training, inference, checks, and a stream of results."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from dagtop import Asset, Label, Param, dag, log_metric, log_params, task, task_group

USERS, ITEMS, TASTES = 240, 120, 8
CONFIDENCE = 5.0  # how much more a view counts than the lack of one
SHARDS = 4
DATA = Path(__file__).resolve().parents[1] / "data" / "recommendation"


def views_of(day: str) -> np.ndarray:
    """Who looked at what on a day, as rows of (user, item): always the same for the same day.

    Users' tastes and items' traits stay; what is seen on a day is drawn from them.
    """
    tastes = np.random.default_rng(7).gamma(0.1, size=(USERS, TASTES))
    traits = np.random.default_rng(11).gamma(0.1, size=(ITEMS, TASTES))
    chance = tastes @ traits.T
    chance /= chance.sum(axis=1, keepdims=True)
    seed = int.from_bytes(hashlib.sha256(day.encode()).digest()[:8], "big")
    return np.argwhere(np.random.default_rng(seed).poisson(chance * 20) > 0)


def factorise(seen: np.ndarray, factors: int, rounds: int) -> tuple[np.ndarray, np.ndarray]:
    """Implicit-feedback matrix factorisation by alternating least squares (Hu, Koren 2008)."""
    users = np.empty((len(seen), factors))
    items = np.random.default_rng(0).normal(0, 0.1, (seen.shape[1], factors))
    for number in range(1, rounds + 1):
        users = best_side(items, seen)
        items = best_side(users, seen.T)
        loss = float(np.mean((1 + CONFIDENCE * seen) * (seen - users @ items.T) ** 2))
        print(f"round {number}/{rounds}  loss {loss:.4f}", flush=True)
        log_metric("loss", loss, step=number)
    return users, items


def best_side(fixed: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """The factors of one side that fit best while those of the other side are held."""
    gram = fixed.T @ fixed + np.eye(fixed.shape[1])
    left = gram + CONFIDENCE * np.einsum("ni,if,ig->nfg", seen, fixed, fixed, optimize=True)
    right = (1 + CONFIDENCE) * seen @ fixed
    return np.linalg.solve(left, right[..., None])[..., 0]


@task
def interactions(day: str) -> str:
    """Write the day's views; the path of the table is the result."""
    table = DATA / day / "interactions.npy"
    table.parent.mkdir(parents=True, exist_ok=True)
    views = views_of(day)
    np.save(table, views)
    print(f"{len(views)} views on {day}")
    return str(table)


@task
def catalogue(day: str) -> str:
    """Write the names of the items that can be recommended on that day."""
    table = DATA / day / "catalogue.json"
    table.parent.mkdir(parents=True, exist_ok=True)
    table.write_text(json.dumps([f"item-{item:04d}" for item in range(ITEMS)]))
    return str(table)


@task.branch
def select_phase(params: dict[str, Any] | None = None) -> str:
    """Go on with the phase that the run was triggered for."""
    return (params or {})["phase"]


@task
def beta() -> dict[str, int]:
    """One user in five."""
    return {"every": 5}


@task
def prod() -> dict[str, int]:
    """Every user."""
    return {"every": 1}


@task(trigger_rule="none_failed_min_one_success")
def preprocess(table: str, phases: list[dict[str, int] | None]) -> dict[str, Any]:
    """Views to a users × items matrix; one view of each user is held back for the check."""
    every = next(phase for phase in phases if phase)["every"]
    matrix = np.zeros((USERS, ITEMS), dtype=np.int8)
    matrix[tuple(np.load(table).T)] = 1
    held = np.array([np.flatnonzero(row)[-1] if row.sum() > 1 else -1 for row in matrix])
    kept = np.flatnonzero(held >= 0)
    matrix[kept, held[kept]] = 0
    path = Path(table).with_name("features.npz")
    np.savez_compressed(path, matrix=matrix, held=held)
    return {"path": str(path), "users": list(range(0, USERS, every))}


@task(multiple_outputs=True)
def train(features: dict[str, Any], params: dict[str, Any] | None = None) -> dict[str, Any]:
    """Fit the model; its signature says what it takes and gives, and travels by XCom."""
    factors = (params or {})["factors"]
    log_params({"factors": factors, "rounds": 8})
    with np.load(features["path"]) as arrays:
        users, items = factorise(arrays["matrix"], factors, rounds=8)
    path = Path(features["path"]).with_name("model.npz")
    np.savez(path, users=users, items=items)
    signature = {"takes": "user", "gives": "score per item", "shape": [len(users), len(items)]}
    return {"model": str(path), "signature": signature}


@task
def shards(features: dict[str, Any]) -> list[list[int]]:
    """The users in parts, one for each instance of ``infer``."""
    return [features["users"][first::SHARDS] for first in range(SHARDS)]


@task(map_index_template="{{ task.op_kwargs['users'] | length }} users")
def infer(
    users: list[int],
    features: dict[str, Any],
    model: str,
    signature: dict[str, Any],
    params: dict[str, Any] | None = None,
) -> dict[str, list[int]]:
    """The best unseen items of each user in this part."""
    with np.load(features["path"]) as arrays:
        seen = arrays["matrix"]
    if list(seen.shape) != signature["shape"]:
        raise ValueError(f"the model takes {signature['shape']}, the features are {seen.shape}")
    with np.load(model) as factors:
        scores = factors["users"][users] @ factors["items"].T
    scores[seen[users] > 0] = -np.inf
    best = np.argsort(-scores, axis=1)[:, : (params or {})["top_k"]]
    return {str(user): row.tolist() for user, row in zip(users, best, strict=True)}


@task
def validate_and_format(
    parts: list[dict[str, list[int]]], features: dict[str, Any], tables: dict[str, str]
) -> str:
    """Check every list, measure the hit rate on what was held back, write JSON lines."""
    lists = {int(user): items for part in parts for user, items in part.items()}
    if sorted(lists) != features["users"]:
        raise ValueError(f"{len(features['users'])} users were asked for, {len(lists)} came")
    if repeated := [user for user, items in lists.items() if len(set(items)) < len(items)]:
        raise ValueError(f"an item comes twice in the lists of users {repeated[:5]}")
    with np.load(features["path"]) as arrays:
        held = arrays["held"]
    hits = [held[user] in items for user, items in lists.items() if held[user] >= 0]
    log_metric("hit_rate", float(np.mean(hits)))
    blind = np.mean([len(items) for items in lists.values()]) / ITEMS
    print(f"hit rate {np.mean(hits):.3f} over {len(hits)} users (by chance {blind:.3f})")
    names = json.loads(Path(tables["catalogue"]).read_text())
    path = Path(features["path"]).with_name("recommendations.jsonl")
    with path.open("w") as file:
        for user, items in sorted(lists.items()):
            print(json.dumps({"user": user, "items": [names[i] for i in items]}), file=file)
    return str(path)


@task(outlets=[Asset("recommendations")])
def stream_out(path: str, day: str) -> int:
    """Send the lists on their way: here, the first of them to the log."""
    lines = Path(path).read_text().splitlines()
    for line in lines[:5]:
        print(line)
    print(f"{len(lines)} lists for {day} sent")
    return len(lines)


@task_group
def input_tables(day: str) -> dict[str, Any]:
    """What the pipeline starts from."""
    return {"interactions": interactions(day), "catalogue": catalogue(day)}


@task_group
def recommender(table: Any, phases: list[Any]) -> tuple[Any, Any]:
    """From a table of views to a list for each user."""
    features = preprocess(table, phases)
    trained = train(features)
    of_model = {"model": trained["model"], "signature": trained["signature"]}
    return features, infer.partial(features=features, **of_model).expand(users=shards(features))


@dag(
    schedule="@daily",
    start_date=datetime(2025, 1, 1, tzinfo=UTC),
    catchup=False,
    description="Trains on a day's views and streams out each user's next items",
    default_args={"owner": "personalisation", "retries": 1, "retry_delay": timedelta(seconds=5)},
    tags=["recommendation", "numpy"],
    params={
        "phase": Param(
            "beta",
            type="string",
            enum=["beta", "prod"],
            description="beta: one user in five; prod: everybody",
        ),
        "top_k": Param(10, type="integer", minimum=1, maximum=50, description="Items per user"),
        "factors": Param(8, type="integer", minimum=2, maximum=32, description="Size of the model"),
    },
    doc_md="""
    Input tables → select phase → preprocess → train → infer → validate and format → stream out.

    The views of a day are drawn by a fixed rule from its date, so a cleared run gives the same
    recommendations again. The results are in `data/recommendation/<day>/` of the workspace.
    """,
)
def recommendation() -> None:
    """Put the steps in order."""
    tables = input_tables("{{ ds }}")
    phase, on_beta, on_prod = select_phase(), beta(), prod()
    list(tables.values()) >> phase
    phase >> Label("one in five") >> on_beta
    phase >> Label("everybody") >> on_prod
    features, lists = recommender(tables["interactions"], [on_beta, on_prod])
    stream_out(validate_and_format(lists, features, tables), "{{ ds }}")


recommendation()
