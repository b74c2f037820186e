"""What goes with a deleted DAG, and what must not come again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.runner.daemon.conftest import SETTINGS
from tests.support.live import Live, wait_for

TWO = """
from dagtop import DAG, task
for name in ("one", "two"):
    with DAG(name):
        @task
        def work(): pass
        work()
"""


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def either(request: pytest.FixtureRequest, own: Live) -> Iterator[Live]:
    """A workspace with a database of either kind."""
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_url")
        own.configure(f'{SETTINGS}[store]\nurl = "{url}"\n')
    yield own
    own.stop()  # before its database goes


def folders(own: Live) -> list[str]:
    return sorted(folder.name for folder in own.workspace.tries.iterdir())


def test_a_deleted_dag_takes_its_folders_along_and_its_ids_never_come_again(either: Live) -> None:
    either.write("two.py", TWO)
    either.start()
    for dag_id in ("two", "one", "one"):
        assert either.run(dag_id)[0] == "success"
    kept, _, newest = sorted(map(int, folders(either)))
    newest_try = either.value("SELECT max(id) FROM task_try")
    assert either.submit("delete_dag", dag_id="one") == {"runs": 2}
    wait_for(lambda: folders(either) == [str(kept)], what="the folders to go")
    either.kill()
    either.start()
    assert either.run("one")[0] == "success"
    assert either.value("SELECT max(id) FROM dag_run") == newest + 1
    assert either.value("SELECT max(id) FROM task_try") == newest_try + 1
