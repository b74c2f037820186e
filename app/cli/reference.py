"""The command table of the README, made from the commands themselves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from app.cli.groups import usage_of

HIDDEN_OPTIONS = ("--help", "--workspace", "--json", "--install-completion", "--show-completion")
"""Options that every command has, or that are explained elsewhere."""


@dataclass(frozen=True, slots=True)
class CommandFacts:
    """A command as the documentation shows it."""

    path: str
    """``dagtop dags trigger``."""
    usage: str
    """Arguments and options."""
    summary: str
    has_json: bool


def commands() -> list[CommandFacts]:
    """Every command, in the order of ``--help``."""
    import typer

    from app.cli.root import app

    root: Any = typer.main.get_command(app)
    context = root.make_context("dagtop", [], resilient_parsing=True)
    return list(_walk(root, "dagtop", context))


def _walk(command: Any, path: str, context: Any) -> Iterator[CommandFacts]:
    if not hasattr(command, "list_commands") or path == "dagtop":
        yield _facts(command, path, context)
    for name in command.list_commands(context) if hasattr(command, "list_commands") else ():
        inner = command.get_command(context, name)
        yield from _walk(inner, f"{path} {name}", context)


def _facts(command: Any, path: str, context: Any) -> CommandFacts:
    options = [one for one in command.get_params(context) if one.param_type_name == "option"]
    names = [max(one.opts, key=len) for one in options]
    pieces = [
        usage_of(one) for one in command.get_params(context) if one.param_type_name == "argument"
    ]
    for option, name in zip(options, names, strict=True):
        if name in HIDDEN_OPTIONS or option.hidden:
            continue
        pieces.append(_option(option, name))
    lines = (command.help or "").strip().splitlines()
    return CommandFacts(path, " ".join(pieces), lines[0] if lines else "", "--json" in names)


def _option(parameter: Any, name: str) -> str:
    short = [one for one in parameter.opts if not one.startswith("--")]
    shown = f"{short[0]}/{name}" if short else name
    if parameter.secondary_opts:
        shown += f"/{parameter.secondary_opts[0]}"
    return f"{shown}" if parameter.required else f"[{shown}]"


def commands_table() -> str:
    """The commands as a Markdown table."""
    lines = ["| command | what it does |", "|---|---|"]
    for one in commands():
        call = f"{one.path} {one.usage}".strip().replace("|", "\\|")
        lines.append(f"| `{call}` | {one.summary.rstrip('.')} |")
    return "\n".join(lines) + "\n"
