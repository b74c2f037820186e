"""``Asset`` and its expressions in pipeline files."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from dagtop import DAG, Asset, AssetAll, AssetAny, BashOperator, EmptyOperator, task
from runner.authoring.assets import OutletEvents, clean_uri, condition_of, condition_words
from runner.authoring.exceptions import ArgumentError, DefinitionError
from runner.authoring.structure import structure_of
from store.structure import AssetStructure, DagStructure, assets_in, is_met

A, B, C = Asset("a"), Asset("b"), Asset("c")


def decoded(dag: DAG) -> DagStructure:
    return msgspec.convert(structure_of(dag, "x.py"), DagStructure)


def test_name_and_uri_stand_for_each_other() -> None:
    assert (Asset("x").uri, Asset(uri="s3://x").name) == ("x", "s3://x")
    assert Asset("x") == Asset("x")
    assert Asset("x") != Asset("x", "y")
    assert len({Asset("x"), Asset("x")}) == 1


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("S3://Bucket/a/", "s3://Bucket/a"),
        ("s3://user:word@bucket/a#part", "s3://bucket/a"),
        ("http://x?b=2&a=1", "http://x/?a=1&b=2"),
        ("x-mine://A/", "x-mine://A/"),
        ("plain text/", "plain text/"),
    ],
)
def test_a_uri_is_kept_as_airflow_keeps_it(written: str, kept: str) -> None:
    assert clean_uri(written) == kept


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (Asset, "needs a name or a uri"),
        (lambda: Asset(""), "is empty"),
        (lambda: Asset("  "), "whitespace"),
        (lambda: Asset("x" * 1501), "at most 1500"),
        (lambda: Asset("self"), "can't have the name"),
        (lambda: Asset(7), "is a string"),  # type: ignore[arg-type]
        (lambda: Asset("x", "airflow://x"), "is taken"),
        (lambda: Asset("x", extra=[1]), "is a dict"),  # type: ignore[arg-type]
        (lambda: Asset("x", extra={"a": object()}), "JSON"),
        (lambda: Asset("x", colour="red"), "unknown argument 'colour'"),
        (lambda: EmptyOperator(task_id="t", outlets=["a"]), "takes assets, not 'a'"),
        (lambda: AssetAll(A, "b"), "takes assets"),  # type: ignore[arg-type]
    ],
)
def test_what_is_wrong_is_said(make: Any, words: str) -> None:
    with pytest.raises((ArgumentError, DefinitionError), match=words):
        make()


def test_expressions_join_flat() -> None:
    both = A & B & C
    assert isinstance(both, AssetAll)
    assert both.objects == [A, B, C]
    either = A | B | C
    assert isinstance(either, AssetAny)
    assert either.objects == [A, B, C]


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        (A, "on asset a"),
        ([A], "on asset a"),
        ([A, B], "2 assets"),
        (A | B | C, "any of 3 assets"),
        (A & (B | C), "3 assets, joined by & and |"),
    ],
)
def test_a_schedule_of_assets_in_words(schedule: Any, words: str) -> None:
    condition = condition_of(schedule)
    assert condition is not None
    assert condition_words(condition) == words
    timetable = decoded(DAG("d", schedule=schedule)).timetable
    assert (timetable.kind, timetable.summary, timetable.description) == ("asset", "Asset", words)


def test_the_structure_has_the_condition_and_who_makes_and_reads() -> None:
    with DAG("d", schedule=A & (B | C)) as dag:
        BashOperator(task_id="bash", bash_command="true", outlets=[A, B], inlets=C)

        @task(outlets=A)
        def work() -> None: ...

        work()
        EmptyOperator(task_id="empty", outlets=A)
        BashOperator.partial(task_id="mapped", outlets=[B]).expand(bash_command=["a", "b"])
    structure = decoded(dag)
    condition = structure.asset_condition
    assert condition is not None
    assert [one.name for one in assets_in(condition)] == ["a", "b", "c"]
    assert is_met(condition, {("a", "a"), ("c", "c")})
    assert not is_met(condition, {("b", "b"), ("c", "c")})
    tasks = {one.task_id: one for one in structure.tasks}
    assert tasks["bash"].outlets == [AssetStructure("a", "a"), AssetStructure("b", "b")]
    assert tasks["bash"].inlets == [AssetStructure("c", "c")]
    assert tasks["work"].outlets == [AssetStructure("a", "a")]
    assert tasks["mapped"].outlets == [AssetStructure("b", "b")]
    assert not tasks["empty"].runs_nothing  # its outlets want a process, as in Airflow


def test_only_outlets_have_events() -> None:
    events = OutletEvents([A])
    events[A].extra["rows"] = 1
    assert list(events) == [A]
    with pytest.raises(KeyError, match="isn't in the task's outlets"):
        events[B]
