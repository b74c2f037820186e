"""Files of a tracked run: kept by their content, under paths that stay within."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.authoring.artifacts import (
    checked,
    kept_at,
    log_artifact,
    log_artifacts,
    log_dict,
    log_figure,
    log_table,
    log_text,
)
from runner.authoring.exceptions import ArgumentError
from runner.authoring.tracked_runs import start_run
from runner.journal.records import AnyRecord, ArtifactLogged
from tests.support.attempts import Attempts


def artifacts(records: list[AnyRecord]) -> dict[str, ArtifactLogged]:
    return {one.path: one for one in records if isinstance(one, ArtifactLogged)}


def content(attempts: Attempts, record: ArtifactLogged) -> bytes:
    path = Path(kept_at(str(attempts.artifacts), record.digest))
    assert path.stat().st_mode & 0o077 == 0
    return path.read_bytes()


def test_a_file_is_kept_under_its_content(attempts: Attempts, tmp_path: Path) -> None:
    (tmp_path / "weights.bin").write_bytes(b"w" * 3_000_000)
    with attempts.serving() as records:
        log_artifact(tmp_path / "weights.bin")
        log_artifact(str(tmp_path / "weights.bin"), "model/v1")
        found = artifacts(records())
    assert set(found) == {"weights.bin", "model/v1/weights.bin"}
    one = found["weights.bin"]
    assert one.digest == hashlib.sha256(b"w" * 3_000_000).hexdigest()
    assert (one.size, one.run) == (3_000_000, "")
    assert content(attempts, one) == b"w" * 3_000_000
    kept = [path for path in attempts.artifacts.rglob("*") if path.is_file()]
    assert len(kept) == 1  # once, and nothing half-written


def test_a_folder_is_kept_with_all_that_is_in_it(attempts: Attempts, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    (folder / "deep" / "er").mkdir(parents=True)
    (folder / "MLmodel").write_text("flavors: {}")
    (folder / "deep" / "er" / "a.txt").write_text("a")
    os.mkfifo(folder / "pipe")
    (folder / "nowhere").symlink_to("gone")
    with attempts.serving() as records:
        log_artifact(folder)
        log_artifacts(folder, "copy")
        log_artifacts(folder)
        paths = set(artifacts(records()))
    files = {"MLmodel", "deep/er/a.txt"}
    assert paths == files | {f"model/{one}" for one in files} | {f"copy/{one}" for one in files}


def test_texts_dicts_and_tables_are_files(attempts: Attempts) -> None:
    with attempts.serving() as records:
        log_text("grüße\n", "notes/hello.txt")
        log_dict({"lr": 0.1, "layers": [1, 2]}, "config.yaml")
        log_table({"item": ["a", "b"], "score": [0.5, float("nan")]}, "top.json")
        log_table({"item": "c", "score": 1}, "top.json")
        with pytest.raises(ArgumentError, match="it has the columns item, score, and not item"):
            log_table({"item": ["d"]}, "top.json")
        with pytest.raises(ArgumentError, match="different lengths"):
            log_table({"a": [1], "b": [1, 2]}, "bad.json")
        found = artifacts(records())
    assert content(attempts, found["notes/hello.txt"]).decode() == "grüße\n"
    assert json.loads(content(attempts, found["config.yaml"])) == {"lr": 0.1, "layers": [1, 2]}
    table = json.loads(content(attempts, found["top.json"]))
    assert table["columns"] == ["item", "score"]
    assert [row[0] for row in table["data"]] == ["a", "b", "c"]


class Matplotlib:
    def savefig(self, path: str) -> None:
        Path(path).write_bytes(b"PNG of " + path.rpartition("/")[2].encode())


class Plotly:
    def write_image(self, path: str) -> None:
        Path(path).write_text("image")

    def write_html(self, path: str) -> None:
        Path(path).write_text("<html>")


def test_figures_are_written_by_who_made_them(attempts: Attempts) -> None:
    with attempts.serving() as records:
        log_figure(Matplotlib(), "plots/loss.png")
        log_figure(Plotly(), "plots/loss.html")
        log_figure(Plotly(), "loss.svg")
        with pytest.raises(ArgumentError, match="int is no figure"):
            log_figure(3, "x.png")
        found = artifacts(records())
    assert content(attempts, found["plots/loss.png"]) == b"PNG of loss.png"
    assert content(attempts, found["plots/loss.html"]) == b"<html>"
    assert content(attempts, found["loss.svg"]) == b"image"


def test_files_are_of_the_run_that_is_active(attempts: Attempts) -> None:
    with attempts.serving() as records:
        with start_run() as run:
            log_text("a", "a.txt")
        log_text("b", "b.txt")
        found = artifacts(records())
    assert (found["a.txt"].run, found["b.txt"].run) == (run.info.run_id, "")


@pytest.mark.parametrize("path", ["", ".", "..", "/etc/passwd", "../x", "a/../../x", "a\nb", None])
def test_a_path_that_leads_elsewhere_is_refused(attempts: Attempts, path: Any) -> None:
    with attempts.serving() as records, pytest.raises(ArgumentError, match="the path of an"):
        log_text("x", path)
    assert records() == []


@given(st.text())
def test_no_path_leads_out(path: str) -> None:
    try:
        found = checked(path)
    except ArgumentError:
        return
    root = "/root/of/all"
    assert os.path.normpath(os.path.join(root, found)).startswith(f"{root}/")
    assert checked(found) == found


@pytest.mark.timeout(20)
def test_a_pipe_is_refused_and_left_out_of_a_folder(attempts: Attempts, tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    os.mkfifo(folder / "pipe")
    (folder / "file").write_text("x")
    with attempts.serving() as records:
        with pytest.raises(ArgumentError, match="neither file nor folder"):
            log_artifact(folder / "pipe")
        log_artifacts(folder)
        assert set(artifacts(records())) == {"file"}


@pytest.mark.timeout(20)
def test_links_to_folders_are_followed_but_not_round_in_circles(
    attempts: Attempts, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "weights").write_text("w")
    folder = tmp_path / "model"
    (folder / "inner").mkdir(parents=True)
    (folder / "latest").symlink_to(elsewhere)
    (folder / "inner" / "round").symlink_to(folder)
    (folder / "inner" / "self").symlink_to(folder / "inner")
    (folder / "dangling").symlink_to(tmp_path / "nowhere")
    with attempts.serving() as records:
        log_artifacts(folder)
        assert set(artifacts(records())) == {"latest/weights"}


def test_a_name_is_that_of_a_file_or_of_a_folder(attempts: Attempts) -> None:
    with attempts.serving() as records:
        log_text("1", "a/b/c")
        for path in ("a", "a/b"):
            with pytest.raises(ArgumentError, match="a folder of that name"):
                log_text("2", path)
        with pytest.raises(ArgumentError, match="'a/b/c' is a file of the run"):
            log_text("2", "a/b/c/d/e")
        log_text("3", "a/b/c")
        log_text("4", "a/bc")
        assert set(artifacts(records())) == {"a/b/c", "a/bc"}
