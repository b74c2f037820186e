"""Artifacts under a URL, through a real runner: copied there, and fetched by a task that needs
what is no longer here."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.support.live import Live, wait_for

pytest.importorskip("fsspec")

MAKING = """
import dagtop
from dagtop import DAG, log_text, task

with DAG("making", is_paused_upon_creation=False):
    @task
    def make():
        log_text("weights", "model/w.txt")
        return dagtop.register_model("rank", alias="champion").version
    make()

with DAG("reading", is_paused_upon_creation=False):
    @task
    def read():
        assert dagtop.load_text("models:/rank@champion", "w.txt") == "weights"
    read()
"""


def test_what_is_copied_to_a_url_is_read_from_there(own: Live, tmp_path: Path) -> None:
    away = tmp_path / "away"
    own.configure(f'[tracking]\nartifact_root = "file://{away}"\n')
    own.start()
    own.write("making.py", MAKING)
    own.wait_for_dag("reading")
    run_id = own.trigger("making")
    assert own.wait_for_run("making", run_id) == "success"
    digest = own.value("SELECT digest FROM artifact")
    wait_for((away / digest[:2] / digest).exists, what="the copy")
    wait_for(lambda: "copied contents of artifacts" in own.log_text(), what="word of it")
    shutil.rmtree(own.workspace.artifacts / digest[:2])
    run_id = own.trigger("reading")
    assert own.wait_for_run("reading", run_id) == "success"
    assert (own.workspace.artifacts / digest[:2] / digest).read_text() == "weights"


def test_a_url_that_can_not_be_used_is_said_at_the_start(own: Live) -> None:
    own.configure('[tracking]\nartifact_root = "nosuch://bucket"\n')
    process = own.start(wait=False)
    assert process.wait(timeout=30) == 5
    assert "artifact_root is nosuch://bucket: Protocol not known" in own.log_text()
