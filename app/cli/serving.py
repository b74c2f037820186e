"""``dagtop serve``."""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path
from typing import Annotated

import typer

from app.cli.errors import CommandError, usage_error
from app.cli.exit_codes import ExitCode
from app.cli.groups import group
from app.cli.output import note, say
from app.cli.session import WorkspaceOption, chosen_workspace, writing

app = group("Let tracking clients elsewhere log into this workspace.")

TOKEN_FILE = "serve.token"


@app.command("serve")
def serve(
    mlflow: Annotated[
        bool, typer.Option("--mlflow", help="Answer MLflow's clients (its REST interface).")
    ] = False,
    host: Annotated[str, typer.Option(help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = 5000,
    no_token: Annotated[
        bool, typer.Option("--no-token", help="Let everybody in who reaches the port.")
    ] = False,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(
            "--allow-host",
            metavar="NAME",
            help="With --no-token: clients call this machine so, too; may be repeated.",
        ),
    ] = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Answer MLflow's clients: containers, other languages.

    They need the address and the token that are printed. Ctrl+C ends it.
    """
    if not mlflow:
        raise usage_error("say what to serve: --mlflow")
    try:
        import uvicorn

        from app.serve.browsers import own_names
        from app.serve.server import Server
    except ModuleNotFoundError as error:
        raise CommandError(
            f"serving needs {error.name}: install dagtop[serve]", ExitCode.FAILED
        ) from None
    space = chosen_workspace(workspace)
    with writing(workspace) as store:
        token = "" if no_token else _token(space.state / TOKEN_FILE)
        names = {host.lower(), *own_names(), *(one.lower() for one in allow_host or ())}
        server = Server(store, space, token, names)
        config = uvicorn.Config(server.app(), host=host, port=port, log_level="warning", workers=1)
        try:
            listener = config.bind_socket()
        except SystemExit:
            raise CommandError(f"{host}:{port} can't be listened at", ExitCode.FAILED) from None
        place = f"http://{host}:{listener.getsockname()[1]}"
        say(f"export MLFLOW_TRACKING_URI={place}")
        if token:
            say(f"export MLFLOW_TRACKING_TOKEN={token}")
        sys.stdout.flush()  # a script waits for these lines
        note("serving; Ctrl+C ends it")
        uvicorn.Server(config).run(sockets=[listener])


def _token(path: Path) -> str:
    """The workspace's token, made the first time; only its owner can read it."""
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        token = secrets.token_urlsafe(24)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(token + "\n")
        return token
