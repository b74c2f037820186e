"""Models and lineage through a real runner: registered, promoted, read again by other tasks."""

from __future__ import annotations

import getpass
import json

from tests.support.live import Live
from tests.support.scripts import ran, script

PROMOTING = """
import dagtop
from dagtop import DAG, active_run, log_dict, log_metric, log_param, task

with DAG("promoting", is_paused_upon_creation=False, params={"rmse": 2.0}):
    @task
    def train(params=None):
        log_param("alpha", 0.1)
        log_metric("rmse", params["rmse"])
        log_dict({"coefficient": params["rmse"]}, "model/weights.json")
        log_dict({"of": "rank"}, "model/deep/card.json")
        return active_run().info.run_id

    @task
    def promote(trained):
        champion = dagtop.model_version("rank@champion")
        made = dagtop.register_model("rank", run_id=trained, alias="candidate", tags={"team": "x"})
        assert made.params == {"alpha": "0.1"}
        if champion is None or made.metrics["rmse"] < champion.metrics["rmse"]:
            dagtop.set_model_alias("rank", "champion", made)
        return [made.version, list(made.aliases), None if champion is None else champion.version]

    @task
    def deploy(_):
        folder = dagtop.download_artifact("models:/rank@champion")
        files = sorted(str(one.relative_to(folder)) for one in folder.rglob("*.json"))
        one = dagtop.download_artifact("models:/rank@champion", "weights.json")
        return [files, one.name, dagtop.load_dict("models:/rank@champion", "weights.json")]

    deploy(promote(train()))
"""


def pushed(live: Live, run_id: str, task_id: str) -> object:
    value = live.value(
        "SELECT x.value FROM xcom x JOIN dag_run r ON r.id = x.dag_run_id "
        "WHERE r.run_id = ? AND x.task_id = ? AND x.key = 'return_value'",
        run_id,
        task_id,
    )
    return json.loads(value)


def test_the_better_model_becomes_champion_and_is_what_is_deployed(shared: Live) -> None:
    shared.write("promoting.py", PROMOTING)
    shared.wait_for_dag("promoting")
    told = []
    for rmse in (2.0, 3.0, 1.0):
        run_id = shared.trigger("promoting", conf={"rmse": rmse})
        assert shared.wait_for_run("promoting", run_id) == "success"
        told.append((pushed(shared, run_id, "promote"), pushed(shared, run_id, "deploy")))
    assert [promoted for promoted, _ in told] == [
        [1, ["candidate"], None],
        [2, ["candidate"], 1],
        [3, ["candidate"], 1],
    ]
    files = ["deep/card.json", "weights.json"]
    assert [deployed for _, deployed in told] == [
        [files, "weights.json", {"coefficient": rmse}] for rmse in (2.0, 2.0, 1.0)
    ]
    aliases = dict(shared.query("SELECT alias, version FROM model_alias ORDER BY alias"))
    assert aliases == {"candidate": 3, "champion": 3}
    # who made what, and who has read it
    made_by = "SELECT t.task_id FROM model_version v JOIN tracked_run t ON t.uuid = v.run_uuid"
    assert set(shared.query(made_by)) == {("train",)}
    used = shared.query(
        "SELECT u.path, count(*), min(c.task_id), min(p.task_id) FROM artifact_use u "
        "JOIN tracked_run c ON c.id = u.run_id JOIN tracked_run p ON p.uuid = u.producer_uuid "
        "GROUP BY u.path ORDER BY u.path"
    )
    assert used == [
        ("model/deep/card.json", 3, "deploy", "train"),
        ("model/weights.json", 3, "deploy", "train"),
    ]
    # a champion is no run's own fact: `promote`, which has logged nothing, has none
    counts = "SELECT task_id, count(*) FROM tracked_run WHERE dag_id = ? GROUP BY 1 ORDER BY 1"
    assert shared.query(counts, "promoting") == [("deploy", 3), ("train", 3)]
    trail = shared.query(
        "SELECT message, actor, task_id FROM event WHERE kind LIKE 'model_%' ORDER BY id LIMIT 4"
    )
    actor, task_id = "promoting.promote", "promote"
    assert trail == [
        ("made model rank", actor, task_id),
        ("registered version 1 of model rank", actor, task_id),
        ("version 1 of model rank became candidate", actor, task_id),
        ("version 1 of model rank became champion", actor, task_id),
    ]


REFUSED = """
import dagtop
from dagtop import DAG, log_text, task

with DAG("refused", is_paused_upon_creation=False):
    @task
    def say():
        log_text("a", "a.txt")
        found = []
        for do in (
            lambda: dagtop.register_model("rank"),
            lambda: dagtop.register_model("a/b", "a.txt"),
            lambda: dagtop.register_model("rank", "a.txt", alias="v1"),
            lambda: dagtop.register_model("rank", "../a.txt"),
            lambda: dagtop.set_model_alias("nothing", "champion", 1),
            lambda: dagtop.download_artifact("models:/nothing@champion"),
            lambda: dagtop.download_artifact("0" * 32, "x"),
            lambda: dagtop.model_version("a/b/c"),
            lambda: dagtop.register_model("own", "a.txt", run_id=5),
            lambda: dagtop.set_model_alias("own", "champion", "newest"),
        ):
            try:
                do()
            except Exception as error:
                found.append(f"{type(error).__name__}: {error}")
        one = dagtop.register_model("own", "a.txt", description=5, tags={"n": 5})
        dagtop.set_model_alias("own", "champion", "1")
        text = dagtop.load_text("models:/own/1")
        return [*found, [one.version, one.source, text, str(dagtop.model_version("nothing"))]]
    say()
"""


def test_what_can_not_be_is_said_where_it_was_written(shared: Live) -> None:
    shared.write("refused.py", REFUSED)
    shared.wait_for_dag("refused")
    run_id = shared.trigger("refused")
    assert shared.wait_for_run("refused", run_id) == "success"
    *said, own = pushed(shared, run_id, "say")  # type: ignore[misc]
    for sentence, words in zip(
        said,
        (
            "NotFoundException: register_model: the run has logged no artifact 'model'",
            "ArgumentError: the name of a model",
            "ArgumentError: 'v1' can't be an alias",
            "ArgumentError: the path of an artifact",
            "NotFoundException: there is no model nothing",
            "NotFoundException: download_artifact: there is no model nothing",
            "NotFoundException: download_artifact: there is no tracked run",
            "QuestionError: 'a/b/c' names no version of a model",
            "ArgumentError: register_model: the id of a run is a string, not 5",
            "ArgumentError: the version of a model is a whole number, not 'newest'",
        ),
        strict=True,
    ):
        assert sentence.startswith(words), sentence
    assert "it has a.txt" in said[0]
    assert own == [1, "a.txt", "a", "None"]
    count = "SELECT count(*) FROM artifact_use u JOIN tracked_run t ON t.id = u.run_id "
    assert shared.value(count + "WHERE t.dag_id = 'refused'") == 0  # its own file is no use


def test_a_script_that_only_promotes_is_no_run_and_is_on_the_trail(shared: Live) -> None:
    ran(script(shared, PROMOTED_BY_HAND.format(first=True)))
    ran(script(shared, PROMOTED_BY_HAND.format(first=False), name="promotes.py"))
    aliases = "SELECT a.alias FROM model_alias a JOIN registered_model m ON m.id = a.model_id"
    assert shared.query(f"{aliases} WHERE m.name = 'by-hand'") == [("champion",)]
    assert shared.query("SELECT name FROM tracked_run WHERE dag_id IS NULL") == [("trains",)]
    message = "SELECT actor FROM event WHERE message = 'version 1 of model by-hand became champion'"
    assert shared.query(message) == [(getpass.getuser(),)]


PROMOTED_BY_HAND = """
import dagtop
if {first}:
    with dagtop.start_run(run_name="trains"):
        dagtop.log_text("1", "model/weights.txt")
        dagtop.register_model("by-hand")
else:
    dagtop.set_model_alias("by-hand", "champion", dagtop.model_version("by-hand"))
    assert dagtop.model_version("by-hand@champion").version == 1
"""
