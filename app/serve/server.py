"""The server of ``dagtop serve --mlflow``: calls are answered by ``store.mlflow_api``.

Each call is one short transaction. Nobody is let in without the token.
"""

from __future__ import annotations

import hmac
import json
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from anyio import to_thread
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from app.serve.browsers import why_not
from store import contents, remote
from store.errors import StoreError
from store.mlflow_api import CALLS, ApiError, Call, Handler, refused
from store.mlflow_api import files as run_files

if TYPE_CHECKING:
    from store.engine import Store
    from store.workspace import Workspace

VERSION = "2.22.0"
"""The version of MLflow's server whose interface this is."""
PREFIXES = ("/api/2.0/mlflow/", "/ajax-api/2.0/mlflow/")
FILES = "/api/2.0/mlflow-artifacts/artifacts"
ARTIFACT_ROOT = "mlflow-artifacts:"
LARGEST_CALL = 32 << 20
"""Bytes: more than a thousand metrics at once take."""
USER = "mlflow client"


class Server:
    """Answers for one workspace. ``token`` empty: everybody is let in."""

    def __init__(
        self, store: Store, workspace: Workspace, token: str, hosts: Collection[str] = ()
    ) -> None:
        """``hosts``: names of this machine that clients may use where there is no token."""
        self._hosts = hosts
        self._store = store
        self._workspace = workspace
        self._folder = workspace.artifacts
        self._token = token

    def app(self) -> Starlette:
        """What an ASGI server runs."""
        routes = [
            Route("/health", self.health),
            Route("/version", self.version),
            Route(FILES, self.list_files, methods=["GET"]),
            Route(f"{FILES}/{{path:path}}", self.get_file, methods=["GET"]),
            Route(f"{FILES}/{{path:path}}", self.put_file, methods=["PUT"]),
            Route(f"{FILES}/{{path:path}}", self.delete_file, methods=["DELETE"]),
        ]
        for (method, path), handler in CALLS.items():
            endpoint = self._endpoint(handler)
            routes += [Route(one + path, endpoint, methods=[method]) for one in PREFIXES]
        return Starlette(
            routes=routes,
            exception_handlers={404: _unknown, 405: _unknown, Exception: _broken},
        )

    async def health(self, request: Request) -> Response:
        return PlainTextResponse("OK")

    async def version(self, request: Request) -> Response:
        return PlainTextResponse(VERSION)

    def _endpoint(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            async def answer() -> Response:
                asked = await _asked(request)
                return JSONResponse(await to_thread.run_sync(self._answer, handler, asked))

            return await self._guarded(request, answer)

        return endpoint

    async def list_files(self, request: Request) -> Response:
        async def answer() -> Response:
            handler = Handler(run_files.listed_below, writes=False)
            asked = dict(request.query_params)
            return JSONResponse(await to_thread.run_sync(self._answer, handler, asked))

        return await self._guarded(request, answer)

    async def get_file(self, request: Request) -> Response:
        path = request.path_params["path"]

        async def answer() -> Response:
            def look(call: Call) -> dict[str, Any]:
                size, digest = run_files.content_of(call, path)
                return {"size": size, "digest": digest}

            found = await to_thread.run_sync(self._answer, Handler(look, writes=False), {})
            local = await to_thread.run_sync(remote.local_path, self._workspace, found["digest"])
            return FileResponse(local, media_type="application/octet-stream")

        return await self._guarded(request, answer)

    async def put_file(self, request: Request) -> Response:
        path = request.path_params["path"]

        async def answer() -> Response:
            def check(call: Call) -> dict[str, Any]:
                run_files.place_of(call, path)
                return {}

            await to_thread.run_sync(self._answer, Handler(check, writes=False), {})
            size, digest = await self._kept(request.stream())

            def put(call: Call) -> dict[str, Any]:
                run_files.put(call, path, size, digest)
                return {}

            return JSONResponse(await to_thread.run_sync(self._answer, Handler(put), {}))

        return await self._guarded(request, answer)

    async def delete_file(self, request: Request) -> Response:
        path = request.path_params["path"]

        async def answer() -> Response:
            def remove(call: Call) -> dict[str, Any]:
                run_files.remove(call, path)
                return {}

            return JSONResponse(await to_thread.run_sync(self._answer, Handler(remove), {}))

        return await self._guarded(request, answer)

    async def _kept(self, stream: AsyncIterator[bytes]) -> tuple[int, str]:
        """Keep what is sent; its size and digest."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=self._folder) as file:
            async for part in stream:
                await to_thread.run_sync(file.write, part)
            file.seek(0)
            parts = iter(lambda: file.read(contents.CHUNK), b"")
            return await to_thread.run_sync(contents.keep, self._folder, parts)

    def _answer(self, handler: Handler, asked: dict[str, Any]) -> dict[str, Any]:
        with (self._store.write if handler.writes else self._store.read)() as connection:
            call = Call(connection, asked, datetime.now(UTC), USER, ARTIFACT_ROOT)
            return handler.answer(call)

    async def _guarded(
        self, request: Request, answer: Callable[[], Awaitable[Response]]
    ) -> Response:
        """The answer to one who has the token; what goes wrong as MLflow's clients expect it."""
        try:
            why = "" if self._token else why_not(request.headers, self._hosts)
            if why:
                raise ApiError(why, "PERMISSION_DENIED")
            if not self._is_let_in(request):
                raise ApiError(
                    "the token is missing or wrong: MLFLOW_TRACKING_TOKEN", "UNAUTHENTICATED"
                )
            return await answer()
        except (ApiError, StoreError) as error:
            return _refusal(refused(error))
        except ClientDisconnect:
            return Response(status_code=400)
        except OSError as error:
            return _refusal(ApiError(f"{error.strerror or error}", "INTERNAL_ERROR"))

    def _is_let_in(self, request: Request) -> bool:
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        return not self._token or hmac.compare_digest(given.encode(), self._token.encode())


def _refusal(error: ApiError) -> Response:
    return JSONResponse(error.document, error.status)


async def _asked(request: Request) -> dict[str, Any]:
    """What a call asks for: of its path, its query and its body."""
    found: dict[str, Any] = {}
    for key in request.query_params:
        several = request.query_params.getlist(key)
        found[key] = several if len(several) > 1 else several[0]
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > LARGEST_CALL:
            raise ApiError(f"a call has {LARGEST_CALL >> 20} MiB at most")
    if body:
        try:
            document = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise ApiError(f"the body is no JSON: {error}") from None
        if not isinstance(document, dict):
            raise ApiError("the body is a JSON object")
        found.update(document)
    return found | request.path_params


async def _unknown(request: Request, error: Exception) -> Response:
    sentence = f"{request.method} {request.url.path} isn't served here"
    return _refusal(ApiError(sentence, "ENDPOINT_NOT_FOUND"))


async def _broken(request: Request, error: Exception) -> Response:
    sentence = f"a bug in dagtop: {type(error).__name__}: {error}"
    return _refusal(ApiError(sentence, "INTERNAL_ERROR"))
