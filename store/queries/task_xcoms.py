"""The value of one XCom: lists leave it out, it may have megabytes."""

from __future__ import annotations

from sqlalchemy import Connection, select

from store.models import xcom


def xcom_value(
    connection: Connection, dag_run_id: int, task_id: str, map_index: int, key: str
) -> bytes | None:
    """An XCom as it is stored; None if there is none."""
    columns = xcom.c
    return connection.execute(
        select(columns.value).where(
            columns.dag_run_id == dag_run_id,
            columns.task_id == task_id,
            columns.map_index == map_index,
            columns.key == key,
        )
    ).scalar_one_or_none()
