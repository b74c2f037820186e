"""The shell commands that the terminal UI prints: the real command line takes every one."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from app.cli.root import app
from app.tui.actions import actions_for
from app.tui.models.task_commands import ShellCommand, command_entries, sections
from app.tui.reading import InstanceFacts, read_task
from app.tui.spans import plain
from store.states import DagRunType, TaskInstanceState
from tests.app.tui.run_world import CONF, LIVE, fill_training
from tests.app.tui.world import World

READS = {
    *("tasks logs", "tasks state", "tasks xcoms", "tasks note", "runs note"),
    *("runs show", "runs list", "dags show"),
}
"""Commands that change nothing, import no file and need no runner."""


def facts_of(world: World, task_id: str, map_index: int | None = None) -> InstanceFacts:
    snapshot = read_task(world.store, "training", LIVE, task_id, map_index, None, None)
    assert snapshot.facts is not None
    return snapshot.facts


def every(facts: InstanceFacts) -> Iterator[ShellCommand]:
    for _, commands in sections(facts, facts.chosen_try(None)):
        yield from commands


def parsed(words: tuple[str, ...]) -> tuple[str, dict[str, Any]]:
    """The command's name and its parameters; fails as the command line would."""
    command: Any = get_command(app)
    arguments, names = list(words), []
    context = command.make_context("dagtop", arguments)
    while hasattr(command, "resolve_command") and context._protected_args:
        rest = [*context._protected_args, *context.args]
        name, command, rest = command.resolve_command(context, rest)
        names.append(name)
        context = command.make_context(name, rest, parent=context)
    return " ".join(names), context.params


@pytest.mark.parametrize(("task_id", "map_index"), [("load", None), ("fit", 1), ("score", None)])
def test_the_command_line_takes_every_command(
    world: World, task_id: str, map_index: int | None
) -> None:
    fill_training(world)
    facts = facts_of(world, task_id, map_index)
    for command in every(facts):
        name, params = parsed(command.words)
        if name:
            assert params["dag"] in ("training", ["training"]), command.does
            assert params.get("task") in (None, task_id, [task_id]), command.does
            if "map_index" in params and map_index is not None:
                assert params["map_index"] in (map_index, [map_index]), command.does
        else:
            assert params["dag"] == "training", "without a command the UI is opened"


COMMANDS_OF_ACTIONS = {
    "clear": ["tasks clear", "runs clear"],
    "mark_state": ["tasks mark", "runs mark"],
    "kill": ["tasks kill", "runs cancel"],
    "delete": ["tasks delete"],
    "note": ["tasks note", "runs note"],
    "retry": ["tasks clear --conf"],
    "priority": ["tasks priority"],
}
"""What does from a shell what the actions on a task instance do."""


def test_every_action_on_a_task_instance_has_its_command(world: World) -> None:
    acting = {
        action.handler.removeprefix("action_")
        for action in actions_for(("instances", "instance", "log_instance"))
        if action.acts
    }
    assert acting == set(COMMANDS_OF_ACTIONS)
    fill_training(world)
    facts = facts_of(world, "fit", 1)
    waiting = replace(facts, instance=replace(facts.instance, state=TaskInstanceState.SCHEDULED))
    lines = [" ".join(command.words) for command in every(waiting)]
    for action, commands in COMMANDS_OF_ACTIONS.items():
        for command in commands:
            begin, _, option = command.partition(" --")
            found = [line for line in lines if line.startswith(begin) and option in line]
            assert found, f"{action}: {command}"
    for option in ("upstream", "downstream", "past", "future"):  # as the questions offer them
        for begin in ("tasks clear", "tasks mark"):
            assert any(line.startswith(begin) and f"--{option}" in line for line in lines), option
    assert any("--only-failed" in line for line in lines)


def test_a_weight_is_set_only_of_what_has_not_started(world: World) -> None:
    fill_training(world)
    facts = facts_of(world, "fit", 1)
    done = replace(facts, instance=replace(facts.instance, state=TaskInstanceState.SUCCESS))
    assert not any(command.words[:2] == ("tasks", "priority") for command in every(done))


def test_those_that_only_read_find_what_they_are_about(world: World) -> None:
    fill_training(world)
    facts = facts_of(world, "fit", 1)
    done = 0
    for command in every(facts):
        if " ".join(command.words[:2]) not in READS or "-f" in command.words:
            continue
        if command.does.startswith("write"):
            continue
        place = ["--workspace", str(world.workspace.root)]
        result = CliRunner().invoke(app, [*place, *command.words])
        assert result.exit_code == 0, f"{command.does}: {result.output}"
        done += 1
    assert done == len(READS)


def test_a_line_is_what_a_shell_makes_the_words_of(world: World) -> None:
    fill_training(world)
    facts = facts_of(world, "fit", 1)
    hostile = replace(
        facts,
        run=replace(facts.run, run_id="-x 'y'; rm $(z)", conf={"q": "it's"}),
    )
    for command in every(hostile):
        assert shlex.split(command.line("dagtop"))[1:] == list(command.words)
        parsed(command.words)


def test_secrets_are_hidden_where_shown_and_there_when_copied(world: World) -> None:
    fill_training(world)
    facts = facts_of(world, "fit", 1)
    trigger = next(one for one in every(facts) if one.words[:2] == ("dags", "trigger"))
    assert CONF["registry_token"] in trigger.line("dagtop")
    entries = command_entries(sections(facts, None), "dagtop", 80)
    shown = "\n".join(plain(line) for line, _ in entries)
    assert "hunter2" not in shown
    assert all(len(plain(line)) <= 79 for line, _ in entries)


def test_a_run_without_a_date_has_no_commands_with_one(world: World) -> None:
    fill_training(world)
    facts = facts_of(world, "load")
    undated = replace(facts, run=replace(facts.run, logical_date=None))
    words = [" ".join(command.words) for command in every(undated)]
    assert not any("--logical-date" in one or "backfill" in one for one in words)


def test_a_backfill_is_offered_for_dates_of_the_schedule_alone(world: World) -> None:
    fill_training(world)
    facts = facts_of(world, "load")
    for kind in DagRunType:
        one = replace(facts, run=replace(facts.run, run_type=kind))
        found = any(command.words[:2] == ("dags", "backfill") for command in every(one))
        assert found is (kind in (DagRunType.SCHEDULED, DagRunType.BACKFILL)), kind
