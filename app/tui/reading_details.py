"""What the view of a DAG's details reads."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app.tui.models.versions import Changes, changes_between

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from store.engine import Store
    from store.queries.assets import ScheduleAsset
    from store.queries.dags import DagRow, FileRow, VersionRow
    from store.queries.versions import VersionText
    from store.structure import DagStructure

VERSIONS = 100
"""Versions that are listed."""

TIME = 0.1
"""Seconds that are spent at once on what changed from version to version."""


@dataclass(frozen=True, slots=True)
class DetailsSnapshot:
    """A DAG, its newest structure, its versions and what changed in them."""

    dag: DagRow
    structure: DagStructure | None
    file: FileRow | None
    versions: tuple[VersionRow, ...]
    changes: Mapping[int, Changes] = field(default_factory=dict[int, Changes])
    """By row id of the version: against the one before."""
    oldest: int = 0
    """Number of the oldest version there is."""
    assets: tuple[ScheduleAsset, ...] = ()
    """Those in its schedule."""

    @property
    def complete(self) -> bool:
        """Whether what changed is known of all versions."""
        return all(one.id in self.changes or one.number == self.oldest for one in self.versions)


class ChangesKnown:
    """What changed from version to version, as far as it was worked out. Versions never change,
    so this lives as long as its screen; only the refresher's thread touches it."""

    def __init__(self) -> None:
        self.changes: dict[int, Changes] = {}
        self.begun = False


def read_details(store: Store, dag_id: str, known: ChangesKnown) -> DetailsSnapshot | None:
    """All of a DAG; None if there is no such DAG. What changed is worked out piece by piece."""
    from store.queries.assets import schedule_assets
    from store.queries.dags import dag_versions, get_dag, get_structure, pipeline_files
    from store.queries.versions import version_numbers

    with store.read() as connection:
        dag = get_dag(connection, dag_id, recent=1)
        if dag is None:
            return None
        versions = dag_versions(connection, dag_id, VERSIONS)
        numbers = version_numbers(connection, dag_id, limit=VERSIONS + 1)
        if known.begun:  # the first time all else is shown without waiting for this
            _work_out(connection, dag_id, versions, numbers, known)
        known.begun = True
        return DetailsSnapshot(
            dag,
            get_structure(connection, dag_id),
            next((one for one in pipeline_files(connection) if one.file == dag.file), None),
            tuple(versions),
            dict(known.changes),
            numbers[-1] if numbers else 0,
            tuple(schedule_assets(connection, dag_id)) if dag.schedule == "Asset" else (),
        )


def _work_out(
    connection: Connection,
    dag_id: str,
    versions: list[VersionRow],
    numbers: tuple[int, ...],
    known: ChangesKnown,
) -> None:
    """Compare versions with those before them, newest first, until the time is over."""
    from store.queries.versions import get_version

    ends = time.monotonic() + TIME
    read: dict[int, VersionText | None] = {}

    def version(number: int) -> VersionText | None:
        if number not in read:
            read[number] = get_version(connection, dag_id, number)
        return read[number]

    for one in versions:
        place = numbers.index(one.number) + 1
        if one.id in known.changes or place >= len(numbers):
            continue
        new, old = version(one.number), version(numbers[place])
        if new is not None and old is not None:
            known.changes[one.id] = changes_between(
                old.structure, new.structure, old.text, new.text
            )
        read.pop(one.number)
        if time.monotonic() > ends:
            return
