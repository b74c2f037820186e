"""``log_input``: the same data have the same digest, whatever they come in."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from runner.authoring.datasets import log_input
from runner.authoring.exceptions import ArgumentError
from runner.journal.records import InputLogged
from tests.support.attempts import Attempts

ROWS = [{"x": 1, "y": 0.5, "at": datetime(2026, 1, 1, tzinfo=UTC)}, {"x": 2, "y": None, "s": "a"}]


def logged(attempts: Attempts, *arguments: Any, **options: Any) -> InputLogged:
    with attempts.serving() as records:
        digest = log_input("patients", *arguments, **options)
        (one,) = (one for one in records() if isinstance(one, InputLogged))
    assert one.digest == digest
    return one


def types(found: InputLogged) -> dict[str, str]:
    assert found.schema is not None
    return {one["name"]: one["type"] for one in json.loads(found.schema)["mlflow_colspec"]}


def test_rows_have_a_digest_a_schema_and_a_size(attempts: Attempts) -> None:
    found = logged(attempts, ROWS, context="evaluation", tags={"fold": 1})
    assert types(found) == {"x": "long", "y": "double", "at": "datetime", "s": "string"}
    assert json.loads(found.profile or "") == {"num_rows": 2, "num_elements": 8}
    assert found.tags == {"mlflow.data.context": "evaluation", "fold": "1"}
    assert (found.source_type, len(found.digest)) == ("code", 32)
    assert logged(attempts, [dict(reversed(row.items())) for row in ROWS]).digest == found.digest
    assert logged(attempts, ROWS[::-1]).digest != found.digest


def test_columns_are_the_rows_they_make(attempts: Attempts) -> None:
    assert (
        logged(attempts, {"a": [1, 2], "b": ["x", "y"]}).digest
        == logged(attempts, [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]).digest
    )


def test_an_array_has_its_type_and_shape(attempts: Attempts) -> None:
    found = logged(attempts, np.arange(6.0).reshape(3, 2))
    spec = json.loads(json.loads(found.schema or "")["mlflow_tensorspec"]["features"])
    assert spec[0]["tensor-spec"] == {"dtype": "float64", "shape": [-1, 2]}
    assert json.loads(found.profile or "") == {"num_rows": 3, "num_elements": 6}
    other = logged(attempts, np.asfortranarray(np.arange(6.0).reshape(3, 2)))
    assert other.digest == found.digest  # how it lies in memory is no part of it
    assert logged(attempts, np.arange(6.0).reshape(2, 3)).digest != found.digest
    assert logged(attempts, np.array([{"a": 1}], dtype=object)).profile


def test_a_file_is_known_by_its_content_and_a_folder_by_all_in_it(
    attempts: Attempts, tmp_path_factory: pytest.TempPathFactory
) -> None:
    tmp_path = tmp_path_factory.mktemp("data")
    file = tmp_path / "a.csv"
    file.write_text('x,"y, z"\n1,2\n')
    found = logged(attempts, path=file)
    assert types(found) == {"x": "string", "y, z": "string"}
    assert json.loads(found.source) == {"uri": str(file)}
    assert (found.source_type, json.loads(found.profile or "")) == ("local", {"num_bytes": 13})
    file.rename(tmp_path / "b.bin")
    assert logged(attempts, path=str(tmp_path / "b.bin")).digest == found.digest
    whole = logged(attempts, path=tmp_path)
    assert json.loads(whole.profile or "") == {"num_files": 1, "num_bytes": 13}
    (tmp_path / "b.bin").rename(tmp_path / "c.bin")
    assert logged(attempts, path=tmp_path).digest != whole.digest


def test_a_digest_and_a_source_can_be_given(attempts: Attempts) -> None:
    found = logged(attempts, digest="abc", source="s3://bucket/x")
    assert (found.digest, found.source_type) == ("abc", "uri")
    assert json.loads(found.source) == {"uri": "s3://bucket/x"}


def test_a_frame_is_known_by_its_columns_and_cells(attempts: Attempts) -> None:
    pandas = pytest.importorskip("pandas")
    days = pandas.to_datetime(["2026-01-01", "2026-01-02"])

    def frame(last: float = 0.5) -> Any:
        return pandas.DataFrame({"n": [1, 2], "x": [None, last], "at": days, "s": ["a", None]})

    found = logged(attempts, frame())
    assert types(found) == {"n": "long", "x": "double", "at": "datetime", "s": "string"}
    assert json.loads(found.profile or "") == {"num_rows": 2, "num_elements": 8}
    assert logged(attempts, frame()).digest == found.digest
    assert logged(attempts, frame(0.6)).digest != found.digest
    assert logged(attempts, frame().rename(columns={"n": "m"})).digest != found.digest
    with_lists = pandas.DataFrame({"a": [[1], [2]]})
    assert logged(attempts, with_lists).digest != logged(attempts, with_lists[:1]).digest


@pytest.mark.parametrize(
    ("arguments", "options", "words"),
    [
        ((), {}, "takes data, path or digest"),
        (([1],), {"path": "x"}, "takes data, path or digest"),
        (("a.csv",), {}, "a file is given as path="),
        ((3,), {}, "not int"),
        (({"a": [1], "b": [1, 2]},), {}, "different lengths"),
    ],
)
def test_what_is_no_data_is_refused(
    attempts: Attempts, arguments: tuple[Any, ...], options: dict[str, Any], words: str
) -> None:
    with attempts.serving(), pytest.raises(ArgumentError, match=words):
        log_input("patients", *arguments, **options)


def test_a_file_that_is_not_there_is_an_error(attempts: Attempts) -> None:
    with attempts.serving(), pytest.raises(FileNotFoundError):
        log_input("patients", path="/nowhere/at/all")


def test_digest_context_and_source_may_be_other_than_texts(
    attempts: Attempts, tmp_path: Path
) -> None:
    found = logged(attempts, digest=12345, context=3, source=tmp_path)
    assert found.digest == "12345"
    assert found.tags["mlflow.data.context"] == "3"
    assert json.loads(found.source) == {"uri": str(tmp_path)}
