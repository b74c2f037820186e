"""Runs go from MLflow to dagtop and back: nothing is lost, to the last bit."""

from __future__ import annotations

import contextlib
import json
import math
import shutil
import sqlite3
import struct
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, event, select

from app.cli.exit_codes import ExitCode
from app.exchange import exporting
from app.exchange.foreign import GREATEST
from runner.daemon.answers import look_up
from runner.journal.questions import GetArtifacts
from store import metric_points
from store.contents import path_of
from store.engine import open_store
from store.models import metric
from store.workspace import Workspace
from tests.app.cli.conftest import Outcome, run_command
from tests.app.exchange.conftest import client, dumped

pytestmark = pytest.mark.timeout(300)  # MLflow's client takes seconds to begin
INFINITE = {
    struct.pack("<d", s * math.inf).hex(): struct.pack("<d", s * GREATEST).hex() for s in (1, -1)
}


def dagtop(workspace: Workspace, *arguments: str) -> Outcome:
    return run_command(workspace.root, *arguments)


def as_a_database_has_it(found: dict[str, Any]) -> dict[str, Any]:
    """MLflow's databases have the greatest number for an infinite one."""
    for run in found["runs"].values():
        run["last"] = {key: INFINITE.get(value, value) for key, value in run["last"].items()}
        for points in run["history"].values():
            for point in points:
                point[0] = INFINITE.get(point[0], point[0])
    return found


def without(found: dict[str, Any], name: str) -> dict[str, Any]:
    """Without an experiment that every store of MLflow's has."""
    return {**found, "experiments": {k: v for k, v in found["experiments"].items() if k != name}}


def test_what_was_in_a_database_of_mlflows_is_in_the_one_that_is_exported(
    mlflow_database: Path, workspace: Workspace, tmp_path: Path
) -> None:
    taken = dagtop(workspace, "import", "mlflow", str(mlflow_database))
    assert taken.code == 0, taken.err
    target = tmp_path / "out.db"
    written = dagtop(workspace, "export", "mlflow", str(target))
    assert written.code == 0, written.err
    stores = (f"sqlite:///{mlflow_database}", f"sqlite:///{target}")
    before, after = dumped(*stores, folder=tmp_path)
    assert len(before["runs"]) == 5
    for uuid, run in before["runs"].items():
        assert after["runs"][uuid] == run
    assert after == before


def test_a_folder_of_mlflows_comes_through_the_same_way(
    mlflow_folder: Path, workspace: Workspace, target: Path, tmp_path: Path
) -> None:
    assert dagtop(workspace, "import", "mlflow", str(mlflow_folder)).code == 0
    assert dagtop(workspace, "export", "mlflow", str(target)).code == 0
    stores = ((mlflow_folder / "mlruns").as_uri(), f"sqlite:///{target}")
    before, after = dumped(*stores, folder=tmp_path)
    before = as_a_database_has_it(before)
    assert after["runs"] == before["runs"]
    assert without(after, "Default") == without(before, "Default")


FOLDER_POINTS = (math.inf, -math.inf, math.nan, GREATEST, -GREATEST, 5e-324, -0.0, 0.1)
"""What a file of a folder can hold that a database can't, and ends of what a float can be."""


def a_folder(root: Path) -> Path:
    """A folder ``mlruns`` with one run, as MLflow's file store writes it."""
    run = root / "mlruns" / "7" / ("ab" * 16)
    (run / "metrics").mkdir(parents=True)
    (run.parent / "meta.yaml").write_text(
        "experiment_id: '7'\nname: odd\nlifecycle_stage: active\n"
    )
    (run / "meta.yaml").write_text(
        f"run_id: {run.name}\nrun_name: odd\nstatus: 3\nstart_time: 1\nend_time: 2\n"
    )
    lines = [f"{1000 + step} {value} {step}\n" for step, value in enumerate(FOLDER_POINTS)]
    (run / "metrics" / "m").write_text("".join(lines))
    return root / "mlruns"


def bits(values: Iterable[float]) -> list[str]:
    """Floats to the last bit; one NaN is as good as another."""
    return ["nan" if math.isnan(one) else struct.pack("<d", one).hex() for one in values]


def by_mlflow(values: Iterable[float], folder: Path) -> list[tuple[bool, float]]:
    """Whether it is NaN, and a number: each value as MLflow itself puts it into a database."""
    return json.loads(client("stored", *map(repr, values), folder=folder))


def kept(workspace: Workspace) -> list[str]:
    """The points of the metric ``m`` of the one run that there is."""
    with open_store(workspace, read_only=True) as store, store.read() as connection:
        key = connection.execute(select(metric.c.id).where(metric.c.key == "m")).scalar_one()
        return bits(metric_points.read(connection, key).values)


def test_what_is_not_finite_is_kept_exactly_of_a_folder_and_as_mlflow_has_it_of_a_database(
    workspace: Workspace, target: Path, tmp_path: Path
) -> None:
    assert dagtop(workspace, "import", "mlflow", str(a_folder(tmp_path))).code == 0
    assert kept(workspace) == bits(FOLDER_POINTS)

    assert dagtop(workspace, "export", "mlflow", str(target)).code == 0
    with contextlib.closing(sqlite3.connect(target)) as database:
        rows = database.execute("SELECT is_nan, value FROM metrics ORDER BY step").fetchall()
    assert [[is_nan, *bits([value])] for is_nan, value in rows] == [
        [is_nan, *bits([value + 0.0])]  # SQLite has one zero
        for is_nan, value in by_mlflow(FOLDER_POINTS, tmp_path)
    ]

    again = Workspace(tmp_path.resolve() / "again")
    again.dags.mkdir(parents=True)
    assert dagtop(again, "import", "mlflow", str(target)).code == 0
    ends = {GREATEST: math.inf, -GREATEST: -math.inf}  # what is written so meant infinity
    assert kept(again) == bits(ends.get(one, one) + 0.0 for one in FOLDER_POINTS)


def test_what_was_taken_over_is_searched_as_what_was_recorded_here(
    mlflow_folder: Path, workspace: Workspace
) -> None:
    dagtop(workspace, "import", "mlflow", str(mlflow_folder))

    def names(text: str) -> list[str]:
        found = dagtop(workspace, "runs", "search", text, "--json").document
        return [one["run_name"] for one in found["runs"]]

    assert names("metrics.loss IS NAN") == ["first"]
    assert names("metrics.`val/acc`.max IS INF") == names("metrics.nothing > 0") == []
    assert names("params.lr < 0.2 AND tags.`k.v` = 'w'") == ["first"]
    assert names("is:deleted") == ["gone"]
    child = dagtop(workspace, "runs", "search", "run_name = 'child'", "--json").document["runs"][0]
    first = dagtop(workspace, "runs", "search", "run_name = 'first'", "--json").document["runs"][0]
    assert child["parent_run_id"] == first["run_id"]


def test_an_import_can_be_repeated_and_takes_open_runs_anew(
    mlflow_database: Path, workspace: Workspace
) -> None:
    first = dagtop(workspace, "import", "mlflow", str(mlflow_database), "--json").document
    again = dagtop(workspace, "import", "mlflow", str(mlflow_database), "--json").document
    assert (first["runs"], first["known"], first["models"]) == (5, 0, 1)
    assert (again["runs"], again["known"], again["models"]) == (1, 4, 0)  # "open" still runs
    anew = dagtop(workspace, "import", "mlflow", str(mlflow_database), "--replace", "--json")
    assert anew.document["runs"] == 5
    assert len(dagtop(workspace, "runs", "search", "", "--json").document["runs"]) == 4


def test_one_experiment_can_be_chosen(mlflow_database: Path, workspace: Workspace) -> None:
    chosen = ("--experiment", "Default", "--no-artifacts", "--json")
    found = dagtop(workspace, "import", "mlflow", str(mlflow_database), *chosen).document
    assert (found["experiments"], found["runs"], found["artifacts"]) == (1, 0, 0)
    refused = dagtop(workspace, "import", "mlflow", str(mlflow_database), "--experiment", "exp")
    assert refused.code is ExitCode.NOT_FOUND
    assert "there is no experiment 'exp'; did you mean 'exp/one'?" in refused.err


def test_a_damaged_folder_gives_what_can_be_read_and_says_what_not(
    mlflow_folder: Path, workspace: Workspace, tmp_path: Path
) -> None:
    folder = tmp_path / "damaged"
    shutil.copytree(mlflow_folder / "mlruns", folder)
    (loss,) = folder.glob("*/*/metrics/loss")
    loss.write_text(loss.read_text() + "12 nonsense\n\n13\n")
    (meta,) = [one for one in folder.glob("*/*/meta.yaml") if "fails" in one.read_text()]
    meta.write_text("status: [\n")
    (note,) = folder.glob("*/*/tags/k.v")
    note.write_bytes(b"\xff\xfe")
    found = dagtop(workspace, "import", "mlflow", str(folder))
    assert found.code is ExitCode.FAILED
    assert "took over 4 runs" in found.out
    assert f"{loss}:7 was left out: it is no 'time value step': '12 nonsense'" in found.err
    assert f"{loss}:9 was left out" in found.err
    assert f"{meta} can't be read: while parsing" in found.err
    assert f"{note} can't be read: 'utf-8' codec can't decode byte 0xff" in found.err


def test_the_files_of_models_come_along(workspace: Workspace, target: Path, tmp_path: Path) -> None:
    folder = tmp_path / "theirs"
    folder.mkdir()
    client("models", f"sqlite:///{folder}/ml.db", str(folder), folder=folder)
    for files in (3, 0):  # what is here already isn't copied again
        taken = dagtop(workspace, "import", "mlflow", str(folder / "ml.db"), "--json")
        assert (taken.code, taken.document["artifacts"]) == (0, files), taken.err
    shutil.rmtree(folder)
    contents = ["one", "two", "three", "three"]
    with open_store(workspace, read_only=True) as store, store.read() as connection:
        for version, text in enumerate(contents, 1):
            found = look_up(connection, GetArtifacts(f"models:/net/{version}")).value
            (path, size, digest), folder = found["files"][0], workspace.artifacts
            assert (size, path.rpartition("/")[2]) == (len(text), "weights.txt")
            assert path_of(folder, digest).read_text() == text
            shown = dagtop(workspace, "models", "show", f"net/{version}")
            assert path in shown.out
    assert dagtop(workspace, "export", "mlflow", str(target)).code == 0
    assert json.loads(client("load", f"sqlite:///{target}", folder=tmp_path)) == contents


def folder_of(root: Path, runs: dict[str, dict[str, Any]]) -> Path:
    """A folder ``mlruns`` with an experiment for each run: facts of its ``meta.yaml``, and other
    files by their paths."""
    for number, (uuid, facts) in enumerate(runs.items(), 1):
        place = root / "mlruns" / str(number) / uuid
        place.mkdir(parents=True)
        of = {"name": f"e{number}", "experiment_id": str(number)}
        (place.parent / "meta.yaml").write_text(json.dumps(of))
        files = {path: facts.pop(path) for path in list(facts) if "/" in path}
        meta = {"run_id": uuid, "status": 3, "start_time": 1, "end_time": 2, **facts}
        (place / "meta.yaml").write_text(json.dumps(meta))  # which YAML is, too
        for path, text in files.items():
            (place / path).parent.mkdir(parents=True, exist_ok=True)
            (place / path).write_text(text)
    return root / "mlruns"


def test_a_run_is_nested_though_its_parent_is_taken_over_later(
    workspace: Workspace, tmp_path: Path
) -> None:
    child, parent, own = "a" * 32, "b" * 32, "c" * 32
    runs: dict[str, dict[str, Any]] = {
        child: {"tags/mlflow.parentRunId": parent},
        parent: {},
        own: {"tags/mlflow.parentRunId": own},
    }
    folder = folder_of(tmp_path, runs)
    for name in ("e1", "e2", "e3"):  # as if the first import had been cut short
        assert dagtop(workspace, "import", "mlflow", str(folder), "--experiment", name).code == 0
    found = dagtop(workspace, "runs", "search", "", "--json").document["runs"]
    parents = {one["run_id"]: one["parent_run_id"] for one in found}
    assert parents == {child: parent, parent: None, own: None}


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ({"start_time": "abc"}, ""),
        ({"start_time": [1, 2], "end_time": {"a": 1}}, ""),
        ({"start_time": 10**30}, ""),
        ({"status": [1], "lifecycle_stage": ["deleted"], "run_name": ["x"], "user_id": {}}, ""),
        ({"run_id": "../../x"}, "says that it is run '../../x'"),
        ({"run_id": "b" * 32}, "says that it is run"),
        ({"params/a\x1b[2J": "1"}, "nothing can be called so"),
        ({"params/" + "/".join(["k" * 200] * 2): "1"}, "nothing can be called so"),
        ({"metrics/m": f"1 1 1\n{10**30} 1 2\n"}, "metrics/m:2 was left out"),
        ({"metrics/m": f"1 1 1\n1 1 {2**63}\n"}, "metrics/m:2 was left out"),
        ({"inputs/x/meta.yaml": "source_type: DATASET\nsource_id: d\ntags: [1]\n"}, "datasets/d"),
    ],
)
def test_a_run_with_nonsense_in_it_stops_nothing(
    workspace: Workspace, tmp_path: Path, facts: dict[str, Any], sentence: str
) -> None:
    folder = folder_of(tmp_path, {"a" * 32: facts, "b" * 32: {"metrics/m": "1 0.5 1"}})
    found = dagtop(workspace, "import", "mlflow", str(folder))
    assert found.code == (ExitCode.FAILED if sentence else ExitCode.OK), found.err
    assert sentence in found.err
    left_out = "says that" in sentence
    assert f"took over {1 if left_out else 2} runs" in found.out
    got = dagtop(workspace, "metrics", "b" * 32, "m", "--csv")
    assert "0.5" in got.out


def test_a_model_with_a_name_that_cant_be_is_left_out(workspace: Workspace, tmp_path: Path) -> None:
    folder = folder_of(tmp_path, {"a" * 32: {}})
    for name, facts in {"x": {"name": "a/b"}, "y": {"name": "good"}}.items():
        version = folder / "models" / name / "version-1"
        version.mkdir(parents=True)
        (version.parent / "meta.yaml").write_text(json.dumps(facts))
        (version / "meta.yaml").write_text(json.dumps({"version": "1", "run_id": ["a"]}))
    found = dagtop(workspace, "import", "mlflow", str(folder))
    assert found.code is ExitCode.FAILED
    assert "registered model 'a/b' was left out" in found.err
    models = dagtop(workspace, "models", "list", "--json").document["models"]
    assert [one["name"] for one in models] == ["good"]


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("none.db", None, "there is no folder or file"),
        ("text.db", "no database, really; " * 20, "can't be read: file is not a database"),
        ("folder", "", "is no folder of MLflow's: none of its folders has a meta.yaml"),
    ],
)
def test_what_is_no_store_of_mlflows_is_refused_in_one_sentence(
    workspace: Workspace, tmp_path: Path, name: str, content: str | None, sentence: str
) -> None:
    path = tmp_path / name
    if content:
        path.write_text(content)
    elif content is not None:
        path.mkdir()
    found = dagtop(workspace, "import", "mlflow", str(path))
    assert (found.code, found.err.count("\n")) == (ExitCode.USAGE, 1)
    assert sentence in found.err


def test_an_export_goes_on_where_it_was_and_can_be_filtered(
    mlflow_database: Path, workspace: Workspace, target: Path
) -> None:
    dagtop(workspace, "import", "mlflow", str(mlflow_database))
    some = dagtop(workspace, "export", "mlflow", str(target), "--filter", "metrics.m < 0", "--json")
    assert some.document["runs"] == 1
    rest = dagtop(workspace, "export", "mlflow", str(target), "--json").document
    assert (rest["runs"], rest["known"], rest["experiments"]) == (4, 1, 0)
    wrong = dagtop(workspace, "export", "mlflow", str(target), "--filter", "metrics.m <")
    assert wrong.code is ExitCode.USAGE


def test_a_full_disk_is_said_and_the_export_goes_on_later(
    workspace: Workspace, target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    points = "".join(f"1 0.5 {step}\n" for step in range(2_000))
    folder = folder_of(tmp_path, {"a" * 32: {"metrics/m": points}})
    assert dagtop(workspace, "import", "mlflow", str(folder)).code == 0
    full = target.stat().st_size // 4096 + 3

    def limited(url: str) -> Any:
        engine = create_engine(url)
        event.listen(engine, "connect", lambda raw, _: raw.execute(f"PRAGMA max_page_count={full}"))
        return engine

    with monkeypatch.context() as patch:
        patch.setattr(exporting, "create_engine", limited)
        stopped = dagtop(workspace, "export", "mlflow", str(target))
    assert stopped.code is ExitCode.USAGE
    assert "can't be written: database or disk is full" in stopped.err
    assert "export again to go on" in stopped.err
    assert dagtop(workspace, "export", "mlflow", str(target)).code == 0


@pytest.mark.parametrize("name", ["file/new.db", "/proc/new.db"])
def test_a_place_where_nothing_can_be_made_is_said_at_once(
    workspace: Workspace, tmp_path: Path, name: str
) -> None:
    (tmp_path / "file").write_text("x")
    dagtop(workspace, "import", "mlflow", str(folder_of(tmp_path, {"a" * 32: {}})))
    found = dagtop(workspace, "export", "mlflow", str(tmp_path / name))
    assert found.code is ExitCode.USAGE
    assert f"{tmp_path / name} can't be made: " in found.err


def test_what_is_no_database_of_mlflows_is_not_written_to(
    workspace: Workspace, mlflow_folder: Path, tmp_path: Path
) -> None:
    dagtop(workspace, "import", "mlflow", str(mlflow_folder))
    other = tmp_path / "notes.txt"
    other.write_text("mine " * 100)
    found = dagtop(workspace, "export", "mlflow", str(other))
    assert found.code is ExitCode.USAGE
    assert other.read_text() == "mine " * 100
