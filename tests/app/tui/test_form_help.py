"""Each field of each form says what belongs into it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from app.tui import screens
from app.tui.models import typed_xcoms
from app.tui.models.fields import FIXED
from app.tui.reading_acting import read_form
from app.tui.reading_admin import ConnectionText, VariableText
from app.tui.reading_priority import Weights
from app.tui.screens.acting import Selection
from app.tui.screens.assets import EventForm
from app.tui.screens.backfilling import BackfillForm
from app.tui.screens.backfills import LimitForm
from app.tui.screens.connections import connection_fields
from app.tui.screens.forms import FormScreen
from app.tui.screens.pools import fields_of_all, pool_fields
from app.tui.screens.priority import PriorityForm
from app.tui.screens.retrying import RetryForm
from app.tui.screens.scheduling import ScheduleForm
from app.tui.screens.triggering import ConfForm, TriggerForm
from app.tui.screens.variables import variable_fields
from store.queries.assets import AssetRow
from store.queries.pools import PoolRow
from store.structure import ParamStructure
from tests.app.tui.driving import app_of, opened
from tests.app.tui.test_backfills import row
from tests.app.tui.world import World, structure_of

SCREENS = Path(screens.__file__).parent
EDITORS = {"admin.py", "setting_xcoms.py"}
"""Modules that open forms for rows of the store, with the fields that are looked at here."""
SHORT_FORMS = {"tracked_acting.py", "tracked_bulk.py", "tracked_picks.py"}
"""Those that ask for a name or a tag: the fields are made, with their help, where they ask."""


def kinds(of: type[FormScreen]) -> Iterator[type[FormScreen]]:
    for kind in of.__subclasses__():
        yield kind
        yield from kinds(kind)


async def test_each_field_of_the_forms_that_act_has_a_line_of_help(world: World) -> None:
    params = [ParamStructure("bare"), ParamStructure("said", description="How much.")]
    version = world.dag("shop", structure_of("shop", ["a"], params=params))
    world.run("shop", version, "failed", ago=timedelta(hours=1), run_id="one")
    async with opened(world.workspace) as pilot:
        app = app_of(pilot)
        facts = read_form(world.store, "shop")
        assert facts is not None
        of_run = read_form(world.store, "shop", "one")
        assert of_run is not None
        chosen = Selection("shop", "one", ("a",))
        forms = [
            BackfillForm(facts),
            EventForm(AssetRow(1, "orders", "s3://orders", "asset", {}, 0, None)),
            LimitForm(app, [row()]),
            PriorityForm([chosen], Weights((1,), (1,))),
            RetryForm(of_run, chosen),
            ScheduleForm(facts),
            TriggerForm(facts),
            TriggerForm(of_run),
        ]
    assert {type(form) for form in forms} == set(kinds(FormScreen)) - {ConfForm}
    bare = [(form, one.name) for form in forms for one in form.fields if not one.description]
    assert bare == []


def test_each_field_of_the_forms_for_rows_has_a_line_of_help() -> None:
    opening = re.compile(r"(?<!class )FormDialog\(")
    modules = {path.name for path in SCREENS.glob("*.py") if opening.search(path.read_text())}
    assert modules == EDITORS | SHORT_FORMS
    for name in SHORT_FORMS:
        text = (SCREENS / name).read_text()
        asked = re.findall(r"FormField\((.*)\)", text)
        assert asked
        assert [one for one in asked if one.count('"') < 6 and "about" not in one] == []
    pool = PoolRow("gpu", 4, "", include_deferred=False)
    texted = ConnectionText(
        "db", "http", "", "", "", "", has_password=True, extra=None, description=""
    )
    variables = [VariableText("k", text, 3, "", masked=True, files=()) for text in ("v", None)]
    forms = [
        connection_fields(None),
        connection_fields(texted),
        pool_fields(None),
        pool_fields(pool),
        fields_of_all([pool]),
        variable_fields(None),
        *map(variable_fields, variables),
        typed_xcoms.fields(None, None, 3),
        typed_xcoms.fields("rows", b"[1]", 3),
    ]
    every = [one for fields in forms for one in fields if one.control != FIXED]
    assert [one.name for one in every if not one.about] == []
