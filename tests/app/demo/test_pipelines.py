"""The demo's pipelines: what they promise, and one run of each in the foreground."""

from __future__ import annotations

import json
import runpy
import subprocess
import sys
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from app.demo import HISTORY, prepare
from app.demo.workspace import PIPELINES
from runner.authoring.parse import ParsedFile, parse_file
from store.structure import AllAssets, AssetStructure, DagStructure
from store.workspace import Workspace

ROOT = Path(__file__).resolve().parents[3]
DAG_IDS = [history.dag_id for history in HISTORY]
DAY = "2026-03-29"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return Workspace(prepare(tmp_path_factory.mktemp("demo")))


@pytest.fixture(scope="module")
def structures(workspace: Workspace) -> dict[str, DagStructure]:
    """DAG id -> structure, of every pipeline file."""
    found: dict[str, DagStructure] = {}
    for path in sorted(workspace.dags.glob("*.py")):
        parsed = parse_file(path, workspace.root)
        assert isinstance(parsed, ParsedFile), parsed
        assert not parsed.warnings
        for structure in msgspec.convert(parsed.structures, list[DagStructure]):
            found[structure.dag_id] = structure
    return found


def names_in(file: str) -> dict[str, Any]:
    """What a pipeline file defines."""
    return runpy.run_path(str(PIPELINES / file))


@pytest.mark.parametrize("dag_id", DAG_IDS)
def test_a_pipeline_says_what_it_is(structures: dict[str, DagStructure], dag_id: str) -> None:
    structure = structures[dag_id]
    assert structure.description
    assert structure.doc_md
    assert structure.tags
    assert structure.owners
    assert structure.start_date
    assert structure.timetable.kind == "cron_interval"
    assert not structure.catchup


def test_typed_params_have_descriptions(structures: dict[str, DagStructure]) -> None:
    params = [param for one in structures.values() for param in one.params if param.schema]
    assert {param.name for param in params} >= {"phase", "top_k", "epochs", "test_share"}
    assert all(param.description for param in params if "type" in param.schema)


def test_the_recommendation_has_the_steps_in_order(structures: dict[str, DagStructure]) -> None:
    tasks = {task.task_id: task for task in structures["recommendation"].tasks}
    steps = [
        "input_tables.interactions",
        "select_phase",
        "beta",
        "recommender.preprocess",
        "recommender.train",
        "recommender.infer",
        "validate_and_format",
        "stream_out",
    ]
    for before, after in pairwise(steps):
        assert before in tasks[after].upstream


def test_the_views_of_a_day_are_always_the_same() -> None:
    views_of = names_in("recommendation.py")["views_of"]
    assert np.array_equal(views_of(DAY), views_of(DAY))
    assert not np.array_equal(views_of(DAY), views_of("2026-03-30"))


def run_in_foreground(
    workspace: Workspace, dag_id: str, *arguments: str
) -> tuple[dict[str, Any], str]:
    """``dagtop dags test``: the summary, and everything that was printed."""
    program = [sys.executable, "-P", str(ROOT / "runner" / "__main__.py"), "test", "--json"]
    result = subprocess.run(
        [*program, "--workspace", workspace.root, dag_id, "--logical-date", DAY, *arguments],
        capture_output=True,
        text=True,
        timeout=55,
        check=False,
    )
    start = result.stdout.rfind("\n{\n") + 1
    assert result.stdout[start:].startswith("{"), result.stdout + result.stderr
    return json.loads(result.stdout[start:]), result.stdout


def states(summary: dict[str, Any], *but: str) -> Counter[str]:
    return Counter(one["state"] for one in summary["tasks"] if one["task_id"] not in but)


def state_of(summary: dict[str, Any], task_id: str) -> str:
    (state,) = {one["state"] for one in summary["tasks"] if one["task_id"] == task_id}
    return state


def test_bash_example_skips_its_last_task(workspace: Workspace) -> None:
    summary, output = run_in_foreground(workspace, "bash_example")
    assert summary["state"] == "success"
    assert state_of(summary, "this_will_skip") == "skipped"
    assert state_of(summary, "run_this_last") == "skipped"
    assert states(summary, "this_will_skip", "run_this_last") == {"success": 5}
    assert "bash_example__runme_0__20260329" in output


def test_elasticnet_sweep_deploys_the_best_of_25_models(workspace: Workspace) -> None:
    summary, output = run_in_foreground(workspace, "elasticnet_sweep")
    assert summary["state"] == "success"
    assert states(summary) == {"success": 28}
    assert "version 1 is champion: rmse " in output
    folder = workspace.root / "models" / "elasticnet" / DAY
    card = json.loads((folder / "card.json").read_text())
    assert card["metrics"]["r2"] > 0.35
    assert len(json.loads((folder / "coefficients.json").read_text())["coefficients"]) == 10
    assert sorted(path.name for path in folder.iterdir()) == ["card.json", "coefficients.json"]


def test_digits_training_learns(workspace: Workspace) -> None:
    summary, output = run_in_foreground(workspace, "digits_training")
    assert summary["state"] == "success"
    assert output.count("epoch ") == 40
    assert "network wins" in output or "sgd wins" in output


@pytest.mark.parametrize(("phase", "users"), [("beta", 48), ("prod", 240)])
def test_recommendation_beats_chance(workspace: Workspace, phase: str, users: int) -> None:
    conf = json.dumps({"phase": phase, "top_k": 5})
    summary, output = run_in_foreground(workspace, "recommendation", "--conf", conf)
    assert summary["state"] == "success"
    assert state_of(summary, "prod" if phase == "beta" else "beta") == "skipped"
    assert f"{users} lists for {DAY} sent" in output
    hit_rate = float(output.partition("hit rate ")[2].partition(" ")[0])
    assert hit_rate > 0.1  # five of about 110 unseen items, drawn blindly: 0.045
    path = workspace.root / "data" / "recommendation" / DAY / "recommendations.jsonl"
    lists = [json.loads(line)["items"] for line in path.read_text().splitlines()]
    assert [len(items) for items in lists] == [5] * users


def test_fails_on_purpose_does(workspace: Workspace) -> None:
    summary, _ = run_in_foreground(workspace, "fails_on_purpose")
    assert summary["state"] == "failed"
    tries = {one["task_id"]: one["tries"] for one in summary["tasks"]}
    assert (tries["flaky"], tries["broken"], tries["publish"]) == (3, 3, 0)
    assert state_of(summary, "publish") == "upstream_failed"
    assert state_of(summary, "tidy_up") == "success"
    (alert,) = (workspace.root / "alerts.jsonl").read_text().splitlines()
    assert json.loads(alert)["task"] == "broken"


def test_assets_are_produced_and_consumed(structures: dict[str, DagStructure]) -> None:
    condition = structures["news"].asset_condition
    assert isinstance(condition, AllAssets)
    wanted = {one.name for one in condition.objects if isinstance(one, AssetStructure)}
    made = {
        asset.name
        for history in HISTORY
        for task in structures[history.dag_id].tasks
        for asset in task.outlets
    }
    assert wanted == made == {"digits_model", "recommendations"}
