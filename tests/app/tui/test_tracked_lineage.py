"""The models of a tracked run and its lineage, as its page shows them, and where they lead."""

from __future__ import annotations

from datetime import UTC, datetime

from app.tui.models.tracked_lineage import lineage, models
from app.tui.models.tracked_targets import Target
from app.tui.spans import plain
from store import logged_models, registry, tracking
from store.logged_models import LoggedModelRow
from store.queries.tracked import TrackedRow
from store.queries.tracked_page import ModelRow, TrackedPage, UseRow
from tests.app.tui.driving import app_of, opened, press, says, text_of
from tests.app.tui.world import ESCAPES, NOW, World
from tests.app.tui.world_tracked import FOLD, RUN, SCRIPT, fill_tracked

AT = datetime(2026, 11, 21, tzinfo=UTC)
UUID, OTHER = "a" * 32, "b" * 32
CHAMPION = ModelRow("digits", 3, ("champion",), "model")


def row() -> TrackedRow:
    return TrackedRow(1, UUID, "digits", "train", "FINISHED", AT, AT, "ann", None, None, None,
                      None, None, None, None)  # fmt: skip


def logged(name: str, status: str = "READY", key: str = "m-1") -> LoggedModelRow:
    location = f"dagtop-artifact:/{UUID}/{name}"
    return LoggedModelRow(key, 1, UUID, name, None, status, location, AT, AT, None, {}, {})


def page(**values: object) -> TrackedPage:
    return TrackedPage(row(), {}, {}, (), **values)  # type: ignore[arg-type]


def words(entries: object) -> list[str]:
    return [" ".join(plain(line).split()) for line, _ in entries]  # type: ignore[attr-defined]


def test_a_logged_model_tells_its_state_and_where_it_is_registered() -> None:
    by_id = ModelRow("digits", 4, (), "", "m-2")
    found = page(
        logged_models=(logged("model"), logged("net", key="m-2"), logged("late", "PENDING", "m-3")),
        models=(CHAMPION, by_id, ModelRow("table", 1, (), "data/t.csv")),
    )
    assert words(models(found)) == [
        "model ready m-1 registered as digits version 3 @champion",
        "net ready m-2 registered as digits version 4",
        "late pending m-3",
        "table version 1 of data/t.csv",
    ]
    assert words(models(page(logged_models=(logged("model", "FAILED"),)))) == ["model failed m-1"]
    [line] = words(models(page(logged_models=(logged("model"),))))
    assert line.endswith("not registered")


def test_files_of_one_model_that_went_to_one_run_are_one_line() -> None:
    files = [UseRow(f"model/{name}", OTHER, "eval", (CHAMPION,)) for name in "abc"]
    single = UseRow("data/x.csv", OTHER, "eval")
    unknown = UseRow("y.csv", None, "")
    found = page(reads=(single, unknown), read_by=tuple(files))
    assert words(lineage(found)) == [
        "reads data/x.csv of eval",
        "reads y.csv of a run that isn't known",
        "produced model/ 3 files, digits version 3 @champion read by eval",
    ]
    assert [target for _, target in lineage(found)] == [
        Target("run", OTHER),
        None,
        Target("run", OTHER),
    ]


def fill(world: World, text: str = "") -> None:
    """A run that has logged and registered a model, and one that has read it."""
    fill_tracked(world)
    with world.write() as connection:
        keys = {uuid: tracking.run_with_uuid(connection, uuid) for uuid in (RUN, SCRIPT)}
        maker, reader = keys[RUN], keys[SCRIPT]
        assert maker is not None
        assert reader is not None
        facts = {"id": f"m-{'7' * 32}", "name": f"net{text}", "model_type": text or None}
        where = {"artifact_location": f"dagtop-artifact:/{RUN}/net{text}", "status": "READY"}
        logged_models.put(connection, maker, {**facts, **where, "params": {}, "tags": {}}, NOW)
        new = registry.NewVersion(f"net{text}", RUN, logged_model_id=f"m-{'7' * 32}")
        registry.create_version(connection, "nets", new, registry.By("ann", NOW))
        for name in ("MLmodel", "weights"):
            path, digest = f"net{text}/{name}", name * 8
            tracking.use_artifact(connection, reader, path, digest, RUN, NOW)


async def test_enter_goes_to_who_has_read_it_and_from_there_to_who_made_it(world: World) -> None:
    fill(world)
    async with opened(world.workspace, (120, 60), tracked=RUN) as pilot:
        await says(pilot, "net  ready  m-77777777  registered as nets version 1")
        await press(pilot, "slash", *"read by", "enter")
        await says(pilot, "produced net/ 2 files, nets version 1  read by notebook")
        await press(pilot, "enter")
        await says(pilot, "reads    net/ 2 files, nets version 1  of fit try 1")
        assert app_of(pilot).screen.look.uuid == SCRIPT  # type: ignore[attr-defined]
        await press(pilot, "slash", *"reads", "enter", "enter")
        await says(pilot, "fit try 1  finished")
        assert app_of(pilot).screen.look.uuid == RUN  # type: ignore[attr-defined]


async def test_a_model_leads_to_the_files_and_its_name_can_mean_no_harm(world: World) -> None:
    fill(world, ESCAPES)
    async with opened(world.workspace, (120, 60), tracked=RUN) as pilot:
        await press(pilot, "slash", *"ready", "enter")
        assert not any(sign in text_of(pilot) for sign in "\x1b\x07\x9b\x08\u202e")
        await press(pilot, "enter")
        await says(pilot, "5 files")


async def test_a_run_without_models_has_no_such_part(world: World) -> None:
    fill(world)
    async with opened(world.workspace, (120, 60), tracked=FOLD) as pilot:
        await says(pilot, "fold 0  failed")
        assert "Models" not in text_of(pilot)
        assert "Lineage" not in text_of(pilot)
