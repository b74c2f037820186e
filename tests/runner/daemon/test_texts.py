"""What a task states is stored whatever its letters, on PostgreSQL too."""

from __future__ import annotations

import pytest

from tests.support.live import Live

NULS = r"""
from dagtop import DAG, task, log_metric, log_param, set_tag
with DAG("nuls", params={"word": "a\0b"}):
    @task
    def push(ti=None):
        ti.xcom_push("k", "v\0")
        log_param("p", "\0")
        set_tag("t", "\0")
        log_metric("m", 1.0)
        return "whole\0"
    @task
    def pull(value, ti=None):
        assert value == "whole\0"
        assert ti.xcom_pull(task_ids="push", key="k") == "v\0"
        raise ValueError("an error \0 of its own")
    pull(push())
"""


@pytest.mark.postgres
def test_a_nul_in_what_a_task_states_is_stored_as_its_symbol(remote: Live) -> None:
    remote.write("nuls.py", NULS)
    remote.start()
    _, states = remote.run("nuls")
    errors = remote.query("SELECT error_message FROM task_try ORDER BY id")
    found = remote.query(
        "SELECT param.key, param.value, tag.key, tag.value, metric.key "
        "FROM param JOIN tag USING (run_id) JOIN metric USING (run_id) "
        "WHERE substr(tag.key, 1, 6) NOT IN ('dagtop', 'mlflow')"
    )
    assert states == {"push": "success", "pull": "failed"}, errors
    assert errors[1] == (r"an error \x00 of its own",)
    assert found == [("p", "␀", "t", "␀", "m")]
