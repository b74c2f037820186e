"""Typer groups that start fast: commands are imported when they are called.

``dagtop dags trigger`` is run from scripts and timed by people: nothing is imported for it that it
doesn't need. Two things cost most. The modules of the other commands: a ``LazyGroup`` imports a
command's module when the command is asked for. And Typer's conversion of values, which loads
pydantic (70 ms) even for a string: ``PlainValues`` takes the values that need no conversion and
leaves all others, and all errors, to Typer.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import Any, Literal, get_args, get_origin

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_group as build_group

from app.cli.errors import near_misses, report
from app.cli.exit_codes import ExitCode


@dataclass(frozen=True, slots=True)
class CommandHome:
    """Where a command of a ``LazyGroup`` is: a module with a Typer ``app``.

    ``command`` is its name in that app; None: the whole app is the (group of) command.
    """

    module: str
    command: str | None = None


class PlainValues:
    """Takes values of plain types as they are; stands in for Typer's conversion of one option.

    What doesn't fit is refused in our own words: Typer's are those of its machinery.
    """

    def __init__(self, parameter: Any) -> None:
        descriptor = parameter.type_descriptor
        self.annotation = descriptor.annotation
        self.kind = self.annotation
        if get_origin(self.annotation) is list:
            (self.kind,) = get_args(self.annotation)
        self.choices = get_args(self.kind) if get_origin(self.kind) is Literal else ()
        self.info = descriptor.parameter_info

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        several = param.multiple or param.nargs == -1
        if value is None:
            return () if several else None
        if self.info.parser is None and (self.choices or self.kind in (str, int)):
            if several and isinstance(value, list | tuple):
                return [self._plain(one, param, ctx) for one in value]
            if not several:
                return self._plain(value, param, ctx)
        param._runtime_param = None  # from here on Typer's own
        return param.get_runtime_param().coerce(value, param=param, ctx=ctx)

    def _plain(self, value: Any, param: Any, ctx: Any) -> Any:
        refusal = ""
        if self.choices and value not in self.choices:
            near = near_misses(str(value), self.choices)
            meant = f"; did you mean {near[0]}?" if near else ""
            refusal = f"{value!r} is none of {', '.join(self.choices)}{meant}"
        elif self.kind is int:
            text = str(value)
            if not text.isascii() or not text.removeprefix("-").isdecimal():
                refusal = f"{text!r} is not a whole number"
            else:
                value = int(text)
                refusal = self._out_of_range(value)
        if refusal:
            raise typer.BadParameter(refusal, ctx=ctx, param=param)
        return value

    def _out_of_range(self, number: int) -> str:
        least, most = self.info.min, self.info.max
        if least is not None and number < least:
            return f"{number} is less than {least}"
        if most is not None and number > most:
            return f"{number} is more than {most}"
        return ""

    @property
    def metavar(self) -> str:
        """What stands for a value in ``--help``."""
        return "|".join(self.choices) if self.choices else "N" if self.kind is int else "TEXT"


class PlainParameters:
    """A command whose parameters take plain values without Typer's conversion, and are shown in
    one style: what stands for a value is in capitals."""

    def get_params(self, ctx: Any) -> list[Any]:
        parameters: list[Any] = super().get_params(ctx)  # type: ignore[misc]
        for parameter in parameters:
            # A Typer that converts values in another way lacks these, and works as it does.
            if getattr(parameter, "_runtime_param", self) is None:
                plain = parameter._runtime_param = PlainValues(parameter)
                if parameter.param_type_name == "argument":
                    parameter.metavar = (parameter.metavar or parameter.name).upper()
                    parameter.display_type_rich = _no_type
                    parameter._usage_display_name = partial(usage_of, parameter)
                elif parameter.metavar is None and not parameter.is_flag:
                    parameter.metavar = plain.metavar
        return parameters


def usage_of(parameter: Any) -> str:
    """An argument as usage lines show it: ``DAG``, ``[RUN]``, ``TASK...``."""
    name = (parameter.metavar or parameter.name).upper()
    name = name if parameter.nargs == 1 else f"{name}..."
    return name if parameter.required else f"[{name}]"


def _no_type(ctx: Any) -> str:
    return ""


class Command(PlainParameters, TyperCommand):
    """A command. Its arguments may be negative numbers: no option here begins with a digit."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if any(one[:1] == "-" and one[1:].isdecimal() for one in args):
            ctx.ignore_unknown_options = True
        return super().parse_args(ctx, args)


class Group(PlainParameters, TyperGroup):
    """A group of commands; suggests the nearest where one is misspelt."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name = args[0]
        names = self.list_commands(ctx)
        if name not in names and not name.startswith("-") and not ctx.resilient_parsing:
            near = near_misses(name, names)
            meant = f"; did you mean {' or '.join(repr(one) for one in near)}?" if near else "."
            ctx.fail(f"No such command {name!r}{meant}")
        return super().resolve_command(ctx, args)


@contextmanager
def _unread_output_is_no_error() -> Iterator[None]:
    """Where nobody reads what is printed any more (``| head``), end quietly, as Unix tools do."""
    try:
        try:
            yield
        except typer.Exit:
            sys.stdout.flush()
            raise
    except BrokenPipeError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())  # what is still in the buffer goes there
        os.close(nowhere)
        raise typer.Exit(ExitCode.PIPE) from None


class LazyGroup(Group):
    """The top of the command line: imports a command's module when it is called."""

    homes: dict[str, CommandHome] = {}

    def list_commands(self, ctx: Any) -> list[str]:
        return list(self.homes)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name in self.homes and cmd_name not in self.commands:
            self.commands[cmd_name] = self._load(cmd_name, self.homes[cmd_name])
        return self.commands.get(cmd_name)

    @staticmethod
    def _load(name: str, home: CommandHome) -> Any:
        loaded = build_group(import_module(home.module).app)
        if home.command is not None:
            return loaded.commands[home.command]
        loaded.name = name
        return loaded

    def make_context(self, *arguments: Any, **settings: Any) -> Any:
        with _unread_output_is_no_error():  # of --help
            return super().make_context(*arguments, **settings)

    def invoke(self, ctx: Any) -> Any:
        with _unread_output_is_no_error():
            value = super().invoke(ctx)
            sys.stdout.flush()
        return value

    def main(self, *arguments: Any, **settings: Any) -> Any:
        """Run; whatever goes wrong is said in one sentence, and ends with its exit code."""
        try:
            return super().main(*arguments, **settings)
        except KeyboardInterrupt:
            sys.exit(ExitCode.INTERRUPTED)
        except Exception as error:
            sys.exit(report(error))


class Commands(typer.Typer):
    """A module's commands."""

    def command(self, name: str | None = None, **settings: Any) -> Callable[[Any], Any]:
        settings.setdefault("cls", Command)
        return super().command(name, **settings)


def group(meaning: str) -> Commands:
    """A group of commands, for a module of this package."""
    return Commands(
        cls=Group,
        help=meaning,
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
