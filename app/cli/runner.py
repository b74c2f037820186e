"""``dagtop up``, ``down`` and ``status``."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from app.cli.errors import CommandError
from app.cli.exit_codes import ExitCode
from app.cli.groups import group
from app.cli.output import Cell, note, print_facts, print_json, say
from app.cli.session import JsonOption, WorkspaceOption, chosen_workspace
from app.cli.times import shown
from app.durations import duration
from store import client
from store.workspace import Workspace

app = group("Start, stop and look at the runner.")

STATUS_SECONDS = 3.0


@app.command("up")
def up(
    foreground: Annotated[
        bool, typer.Option("--foreground", help="Stay here instead of going to the background.")
    ] = False,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Start the runner, if none is up.

    It schedules and runs, also after you have logged out. Says what happened if it dies at once.
    """
    from app.cli.runner_process import check_settings, runner_command, start_runner

    space = chosen_workspace(workspace)
    if foreground:
        import os

        pid = client.runner_pid(space)
        if pid is not None:
            raise CommandError(
                f"a runner is up already (pid {pid}); stop it with 'dagtop down'", ExitCode.REFUSED
            )
        check_settings(space)
        space.create_state_folder()
        note(f"the runner works on {space.root}; its log is {space.runner_log}; Ctrl-C stops it")
        command = runner_command(space)
        os.execv(command[0], command)
    started = start_runner(space)
    if json:
        print_json(
            {
                "pid": started.pid,
                "already_up": started.already,
                "seconds": round(started.seconds, 3),
                "workspace": str(space.root),
            }
        )
    elif started.already:
        say(f"a runner is up already: pid {started.pid}")
    else:
        say(f"the runner is up: pid {started.pid}, after {duration(started.seconds)}")


@app.command("down")
def down(
    kill_tasks: Annotated[
        bool, typer.Option("--kill-tasks", help="End running tasks too; otherwise they go on.")
    ] = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait until the tasks that go on have ended.")
    ] = False,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Stop the runner.

    Running tasks go on by themselves; the next runner takes them over.
    """
    from app.cli import stopping

    space = chosen_workspace(workspace)
    pid = client.runner_pid(space)
    if pid is not None:
        stopping.stop_runner(space, pid, kill_tasks=kill_tasks)
    if not json:  # at once: what comes next may fail on the settings
        say("no runner is up" if pid is None else f"the runner (pid {pid}) is down")
    left = stopping.running_tasks(space)
    if wait and left:
        if not json:
            note(f"waiting for {len(left)} running tasks")
        stopping.wait_for_tasks(left)
        left = []
    if json:
        print_json({"pid": pid, "stopped": pid is not None, "running_tasks": len(left)})
    elif left:
        names = ", ".join(one.name for one in left[:5]) + (", …" if len(left) > 5 else "")
        say(f"still at work, without it: {names}")


@app.command("status")
def status(workspace: WorkspaceOption = None, json: JsonOption = False) -> None:
    """Show what the runner does.

    Exit code 4 if none is up.
    """
    from app.cli.runner_process import check_settings

    space = chosen_workspace(workspace)
    pid = client.runner_pid(space)
    answer: dict[str, Any] = {}
    trouble = ""
    if pid is not None:
        try:
            reply = client.ask(space, {"type": "get_status"}, timeout=STATUS_SECONDS)
            answer, trouble = reply.get("value") or {}, reply.get("error") or ""
        except (client.RunnerAway, client.RunnerBusy) as error:
            trouble = str(error)
    started = None if pid is None else _started_at(space)
    if json:
        runner = None
        if pid is not None:
            runner = {"pid": pid, "started_at": started, "answers": not trouble, **answer}
        print_json({"workspace": str(space.root), "runner": runner})
    else:
        _print_status(space, pid, started, answer, trouble)
    check_settings(space)
    if pid is None:
        raise typer.Exit(ExitCode.REFUSED)


def _started_at(space: Workspace) -> datetime | None:
    """When the runner took the lock."""
    try:
        return datetime.fromtimestamp(space.runner_lock.stat().st_mtime, UTC)
    except FileNotFoundError:
        return None


def _print_status(
    space: Workspace,
    pid: int | None,
    started: datetime | None,
    answer: dict[str, Any],
    trouble: str,
) -> None:
    if pid is None:
        print_facts([("workspace", str(space.root)), ("runner", Cell("none is up", "yellow"))])
        note("start one with 'dagtop up', or open 'dagtop'")
        return
    since = f" since {shown(started, None)}" if started else ""
    facts: list[tuple[str, str | Cell]] = [
        ("workspace", str(space.root)),
        ("runner", Cell(f"up, pid {pid}{since}", "green")),
    ]
    if trouble:
        facts.append(("trouble", Cell(trouble, "red")))
    if answer:
        facts += [
            ("runs", f"{answer['runs']} running, {answer['queued_runs']} queued"),
            ("tasks", f"{answer['executing']} of {answer['parallelism']} slots"),
            ("waiting", str(answer["waiting"])),
        ]
        facts += [
            ("", f"{count} × {reason}") for reason, count in answer.get("waiting_reasons", [])[:5]
        ]
        facts += [
            (f"pool {name}", f"{pool['used']} of {_slots(pool['slots'])} slots")
            for name, pool in sorted(answer.get("pools", {}).items())
        ]
        if answer.get("files_to_import"):
            facts.append(("files to import", str(answer["files_to_import"])))
    print_facts(facts)


def _slots(total: int) -> str:
    return "unlimited" if total < 0 else str(total)
