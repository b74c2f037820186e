"""What failure looks like: retries with back-off, a failure callback, tasks that never run."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from dagtop import dag, get_current_context, task

ALERTS = Path(__file__).resolve().parents[1] / "alerts.jsonl"


def raise_alert(context: Any) -> None:
    """Called when a task has failed for good: add a line to ``alerts.jsonl``."""
    ti = context["ti"]
    alert = {
        "dag": ti.dag_id,
        "run": ti.run_id,
        "task": ti.task_id,
        "tries": ti.try_number,
        "error": str(context["exception"]),
    }
    with ALERTS.open("a") as file:
        file.write(json.dumps(alert) + "\n")
    print(f"alert written to {ALERTS}")


@task
def flaky() -> str:
    """A service that answers at the third call."""
    number = get_current_context()["ti"].try_number
    print(f"call {number}")
    if number < 3:
        raise ConnectionError(f"the feature service did not answer (call {number})")
    return "answered"


@task
def broken(answer: str) -> dict[str, float]:
    """A bug: the table has no such column."""
    row = {"clicks": 3.0, "views": 41.0}
    print(f"the service {answer}; computing the rate")
    return {"rate": row["clicks"] / row["view"]}


@task
def publish(rate: dict[str, float]) -> None:
    print(f"publishing {rate}")


@task(trigger_rule="all_done", retries=0)
def tidy_up() -> None:
    print("temporary files removed")


@dag(
    schedule="@hourly",
    start_date=datetime(2025, 1, 1, tzinfo=UTC),
    catchup=False,
    description="Fails every time, so that you can see how that looks",
    default_args={
        "owner": "platform",
        "retries": 2,
        "retry_delay": timedelta(seconds=1),
        "retry_exponential_backoff": True,
        "max_retry_delay": timedelta(seconds=10),
        "on_failure_callback": raise_alert,
    },
    tags=["example", "failure"],
    doc_md="""
    `flaky` needs three tries. `broken` fails three times: its callback writes an alert, `publish`
    is never run (`upstream_failed`), and so the run fails. `tidy_up` runs whatever happened.
    """,
)
def fails_on_purpose() -> None:
    """Fail, in three ways."""
    rate = broken(flaky())
    publish(rate)
    rate >> tidy_up()


fails_on_purpose()
