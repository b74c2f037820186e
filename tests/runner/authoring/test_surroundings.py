"""What a run says of itself: git without secrets, packages, the command without secrets."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from runner.authoring import git_facts
from runner.authoring.surroundings import installed, of_run
from runner.authoring.tracked_runs import start_run
from runner.authoring.tracking import log_param
from runner.journal.command_line import masked_command
from runner.journal.records import ParamLogged, RunStarted, Surroundings
from tests.support.attempts import Attempts

GIT = ("git", "-c", "user.name=Ann", "-c", "user.email=ann@example.org")


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        [*GIT, *arguments], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    (folder / "dags").mkdir(parents=True)
    (folder / "dags" / "a.py").write_text("a = 1\n")
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "dags/a.py")
    git(folder, "commit", "-q", "-m", "one")
    git(folder, "remote", "add", "origin", "https://ann:s3cret@example.org/ann/project.git")
    return folder


def tags(folder: Path) -> dict[str, str]:
    found = git_facts.Asked(str(folder)).tags(patience=30)
    return {key.removeprefix("mlflow.source.git."): value for key, value in found.items()}


def test_commit_branch_origin_and_changes_are_told(repository: Path) -> None:
    clean = {
        "commit": git(repository, "rev-parse", "HEAD"),
        "branch": "main",
        "repoURL": "https://example.org/ann/project.git",
        "dagtop.source.git.dirty": "false",
    }
    assert tags(repository / "dags") == clean
    (repository / "new.txt").write_text("not of the repository: the commit has all that ran")
    assert tags(repository / "dags") == clean
    (repository / "dags" / "a.py").write_text("a = 2\n")
    assert tags(repository) == clean | {"dagtop.source.git.dirty": "true"}


def test_a_detached_head_and_a_worktree_have_their_commit(repository: Path, tmp_path: Path) -> None:
    git(repository, "worktree", "add", "-q", str(tmp_path / "other"), "-b", "side")
    assert tags(tmp_path / "other")["branch"] == "side"
    assert tags(tmp_path / "other")["repoURL"] == "https://example.org/ann/project.git"
    git(repository, "checkout", "-q", "--detach")
    assert "branch" not in tags(repository)
    assert tags(repository)["commit"] == git(repository, "rev-parse", "HEAD")


def test_without_a_repository_or_a_commit_nothing_is_told(tmp_path: Path) -> None:
    assert tags(tmp_path) == {}
    git(tmp_path, "init", "-q", "-b", "main")
    assert "commit" not in tags(tmp_path)


def test_without_git_the_commit_is_read_from_its_files(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = git(repository, "rev-parse", "HEAD")
    monkeypatch.setenv("PATH", str(repository))
    assert tags(repository) == {"commit": commit, "repoURL": "https://example.org/ann/project.git"}


def test_what_was_asked_before_a_fork_is_answered_after_it(repository: Path) -> None:
    asked = git_facts.Asked(str(repository))
    read, write = os.pipe()
    pid = os.fork()
    if not pid:
        os.write(write, json.dumps(asked.tags(patience=30)).encode())
        os._exit(0)
    os.close(write)
    with open(read, "rb") as file:
        told = json.loads(file.read())
    assert os.waitpid(pid, 0)[1] == 0
    assert told == asked.tags(patience=30)
    assert told["dagtop.source.git.dirty"] == "false"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://ann:pw@example.org/x.git", "https://example.org/x.git"),
        ("https://ghp_token@example.org/x.git", "https://example.org/x.git"),
        ("ssh://git:pw@example.org/x", "ssh://git@example.org/x"),
        ("git@example.org:ann/x.git", "git@example.org:ann/x.git"),
        ("/srv/git/x.git", "/srv/git/x.git"),
    ],
)
def test_what_one_logs_in_with_is_not_told(url: str, shown: str) -> None:
    assert git_facts.without_password(url) == shown


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (["python", "train.py", "--lr", "0.1"], "python train.py --lr 0.1"),
        (["t", "--api-key", "abc", "--x"], "t --api-key '***' --x"),
        (["t", "--password=abc"], "t '--password=***'"),
        (["t", "DB_PASSWORD=abc"], "t 'DB_PASSWORD=***'"),
        (["t", "--use-auth", "--x"], "t --use-auth --x"),
        (["t", "postgresql://ann:abc@host/db"], "t 'postgresql://ann:***@host/db'"),
        (["t", "a\x1b[31mb"], "t 'a?[31mb'"),
    ],
)
def test_a_command_is_told_without_its_secrets(arguments: list[str], shown: str) -> None:
    assert masked_command(arguments) == shown


def test_packages_are_read_from_the_names_of_their_folders(tmp_path: Path) -> None:
    first, second = tmp_path / "a" / "site-packages", tmp_path / "b" / "site-packages"
    for folder in (
        first / "Scikit_Learn-1.6.0.dist-info",
        first / "old-0.1-py3.11.egg-info",
        second / "scikit_learn-1.0.dist-info",
        second / "numpy-2.1.0.dist-info",
        tmp_path / "elsewhere" / "no-1.dist-info",
    ):
        folder.mkdir(parents=True)
    path = [str(first), str(second), str(tmp_path / "gone" / "site-packages"), str(tmp_path)]
    assert installed(path) == {"scikit-learn": "1.6.0", "old": "0.1", "numpy": "2.1.0"}
    assert installed(sys.path)["msgspec"]


def test_a_run_says_it_once_with_the_first_thing_it_logs(
    attempts: Attempts, tmp_path: Path
) -> None:
    with attempts.serving() as records:
        from runner.authoring import services

        services.current().state = str(tmp_path)
        log_param("a", 1)
        log_param("b", 2)
        with start_run(run_name="inner", nested=True):
            log_param("c", 3)
        with start_run("f" * 32, nested=True):  # it has said so when it began
            log_param("d", 4)
        found = records()
    kinds = [type(one) for one in found if isinstance(one, ParamLogged | Surroundings | RunStarted)]
    said = [one for one in found if isinstance(one, Surroundings)]
    assert kinds[:3] == [Surroundings, ParamLogged, ParamLogged]
    assert kinds[-4:] == [RunStarted, Surroundings, ParamLogged, ParamLogged]
    assert [bool(one.run) for one in said] == [False, True]
    document = (tmp_path / "environments" / said[0].environment).read_bytes()
    assert hashlib.sha256(document).hexdigest() == said[0].environment
    assert json.loads(document)["packages"]["msgspec"]


def test_where_nothing_can_be_kept_the_rest_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    said = of_run("", str(tmp_path / "file"), str(tmp_path / "file"))
    assert (said.environment, said.source) == ("", "")
    assert said.tags["mlflow.user"]
