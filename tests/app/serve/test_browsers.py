"""Without a token nobody's web page is a client."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from app.serve.browsers import why_not
from app.serve.server import Server
from store.engine import open_store
from store.workspace import Workspace

ASKS = "/api/2.0/mlflow/"


@pytest.mark.parametrize(
    "host",
    [
        "localhost:5000",
        "127.0.0.1:5000",
        "[::1]:5000",
        "10.1.2.3",
        "here.localhost",
        "host.docker.internal:5000",
        "NODE7:5000",
    ],
)
def test_names_and_addresses_of_this_machine_are_answered(host: str) -> None:
    assert why_not({"host": host}, {"node7"}) == ""
    assert why_not({"host": host, "origin": f"http://{host}"}, {"node7"}) == ""


@pytest.mark.parametrize(
    "host", ["evil.com:5000", "localhost.evil.com", "", "[::1", "127.0.0.1.nip.io"]
)
def test_a_name_that_was_made_to_mean_this_machine_is_refused(host: str) -> None:
    assert "serve with --allow-host" in why_not({"host": host}, {"node7"})


@pytest.mark.parametrize("origin", ["http://evil.com", "http://localhost:8888", "null", ""])
def test_a_page_of_elsewhere_is_refused(origin: str) -> None:
    assert "no client" in why_not({"host": "localhost:5000", "origin": origin}, ())


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    found = Workspace(tmp_path.resolve())
    found.create_state_folder()
    return found


def answered(app: Starlette, token: str, *requests: tuple[str, str, dict[str, str]]) -> list[int]:
    """The statuses that calls are answered with: method, path, headers each."""

    async def ask() -> list[int]:
        transport = httpx.ASGITransport(app)
        own = {"Authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(transport=transport, base_url="http://node7") as client:
            return [
                (
                    await client.request(
                        method,
                        ASKS + path,
                        headers={**own, **headers},
                        content='{"experiment_id": "0"}' if method == "POST" else b"",
                    )
                ).status_code
                for method, path, headers in requests
            ]

    return asyncio.run(ask())


@pytest.mark.parametrize(("token", "status"), [("", 403), ("secret", 200)])
def test_who_has_the_token_may_come_from_anywhere_and_who_needs_none_may_not(
    workspace: Workspace, token: str, status: int
) -> None:
    with open_store(workspace, create=True) as store:
        app = Server(store, workspace, token, {"node7"}).app()
        found = answered(
            app,
            token,
            ("POST", "runs/create", {}),
            ("POST", "runs/create", {"Origin": "http://evil.com", "Content-Type": "text/plain"}),
            ("POST", "runs/create", {"Host": "evil.com", "Origin": "http://evil.com"}),
            ("GET", "experiments/get?experiment_id=0", {"Host": "evil.com"}),
        )
    assert found == [200, status, status, status]
