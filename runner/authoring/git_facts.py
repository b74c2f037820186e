"""The commit, the branch and the state of the git repository around a folder, by one ``git``."""

from __future__ import annotations

import contextlib
import os
import re
import select
import signal
import tempfile
import time

PATIENCE = 0.5
"""Seconds that ``git status`` may take; of a larger repository only the commit is told."""
_COMMAND = ("git", "status", "--porcelain=v2", "--branch", "--untracked-files=no")
_WEB_USER = re.compile(r"^(https?://)[^/@]*@", re.IGNORECASE)
_PASSWORD = re.compile(r"^(\w[\w+.-]*://[^/@:]*):[^/@]*@")


class Asked:
    """``git status`` at work for a folder: asked now, in parallel to what else there is to do, and
    waited for by who needs the answer, which may be a forked process."""

    def __init__(self, folder: str) -> None:
        self._repository = _repository(folder)
        self._owner = os.getpid()
        self._pid: int | None = None
        if self._repository and os.path.isdir(folder):
            self._start(folder)

    def _start(self, folder: str) -> None:
        """Not by ``subprocess``, which takes longer to load than git to answer. What git says goes
        to a file, as a pipe can be read only once; its end is seen by a pipe that it holds."""
        self._answer = tempfile.TemporaryFile()  # noqa: SIM115 - closed where it is read
        self._ended, held = os.pipe()
        try:
            self._pid = os.posix_spawnp(
                "git",
                ("git", "-C", folder, *_COMMAND[1:]),
                {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"},
                file_actions=(
                    (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                    (os.POSIX_SPAWN_DUP2, self._answer.fileno(), 1),
                    (os.POSIX_SPAWN_DUP2, held, 2),
                ),
            )
        except OSError:  # there is no git here
            os.close(self._ended)
            self._answer.close()
        finally:
            os.close(held)

    def tags(self, patience: float = PATIENCE) -> dict[str, str]:
        """MLflow's tags of the repository; none where there is none. Ask once."""
        if not self._repository:
            return {}
        told = "" if self._pid is None else self._wait(self._pid, patience)
        commit = _field(told, "# branch.oid ") or _commit_in(self._repository)
        branch = _field(told, "# branch.head ")
        found = {
            "mlflow.source.git.commit": "" if commit == "(initial)" else commit,
            "mlflow.source.git.branch": "" if branch == "(detached)" else branch,
            "mlflow.source.git.repoURL": without_password(_remote(self._repository)),
        }
        if told:
            changed = any(line[:1] not in ("#", "") for line in told.splitlines())
            found["dagtop.source.git.dirty"] = "true" if changed else "false"
        return {key: value for key, value in found.items() if value}

    def _wait(self, pid: int, patience: float) -> str:
        """What git says; empty where it fails, or takes too long."""
        deadline = time.monotonic() + patience
        is_over = False
        while not is_over and (left := deadline - time.monotonic()) > 0:
            readable = select.select([self._ended], [], [], left)[0]
            is_over = bool(readable) and not os.read(self._ended, 1 << 12)  # else a warning of it
        os.close(self._ended)
        if self._owner == os.getpid():
            with contextlib.suppress(ProcessLookupError, ChildProcessError):
                if not is_over:
                    os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
        with self._answer:
            size = os.fstat(self._answer.fileno()).st_size if is_over else 0
            return os.pread(self._answer.fileno(), size, 0).decode(errors="replace")


def without_password(url: str) -> str:
    """The URL of a repository without what one logs in with."""
    return _PASSWORD.sub(r"\1@", _WEB_USER.sub(r"\1", url))


def _repository(folder: str) -> str:
    """The folder of the repository's own files around a folder; empty if it is in none."""
    at = os.path.abspath(folder)
    while True:
        found = os.path.join(at, ".git")
        if os.path.isdir(found):
            return found
        if os.path.isfile(found):  # of a worktree, or a submodule
            text = _read(found)
            return os.path.join(at, text[8:].strip()) if text.startswith("gitdir: ") else ""
        above = os.path.dirname(at)
        if above == at:
            return ""
        at = above


def _field(told: str, name: str) -> str:
    found = (line[len(name) :] for line in told.splitlines() if line.startswith(name))
    return next(found, "").strip()


def _commit_in(repository: str) -> str:
    """The commit that is checked out, without git; empty where its name is packed away."""
    head = _read(os.path.join(repository, "HEAD")).strip()
    if not head.startswith("ref: "):
        return head if re.fullmatch(r"[0-9a-f]{40,64}", head) else ""
    for folder in (repository, _common(repository)):
        text = _read(os.path.join(folder, *head[5:].split("/"))).strip()
        if text:
            return text
    return ""


def _common(repository: str) -> str:
    """What the worktrees of a repository share."""
    text = _read(os.path.join(repository, "commondir")).strip()
    return os.path.join(repository, text) if text else repository


def _remote(repository: str) -> str:
    """The URL of ``origin``."""
    section = ""
    for line in _read(os.path.join(_common(repository), "config")).splitlines():
        text = line.strip()
        if text.startswith("["):
            section = text
        elif section == '[remote "origin"]' and text.partition("=")[0].strip() == "url":
            return text.partition("=")[2].strip()
    return ""


def _read(path: str) -> str:
    """A small text; empty where it can't be read."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(1 << 16)
    except OSError:
        return ""
