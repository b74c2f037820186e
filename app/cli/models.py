"""``dagtop models``."""

from __future__ import annotations

from typing import Annotated

import typer

from app.cli.groups import group
from app.cli.output import print_json, say
from app.cli.session import (
    FOR_GOOD,
    JsonOption,
    WorkspaceOption,
    YesOption,
    confirm,
    reading,
    writing,
)

app = group("Registered models: versions made by runs, and aliases such as champion.")

ModelArgument = Annotated[str, typer.Argument(metavar="MODEL", help="Name of a registered model.")]
VersionArgument = Annotated[int, typer.Argument(min=1, help="Number of a version of it.")]


@app.command("list")
def list_models(workspace: WorkspaceOption = None, json: JsonOption = False) -> None:
    """List the registered models, newest versions, aliases."""
    from app.cli import model_views

    with reading(workspace) as store:
        model_views.list_models(store, json)


@app.command("show")
def show(
    model: Annotated[
        str,
        typer.Argument(metavar="MODEL", help="MODEL@ALIAS, MODEL/VERSION, or MODEL: the newest."),
    ],
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Show a version of a model, and the run that made it."""
    from app.cli import model_views

    with reading(workspace) as store:
        model_views.show(store, model, json)


@app.command("versions")
def versions(
    model: ModelArgument, workspace: WorkspaceOption = None, json: JsonOption = False
) -> None:
    """List the versions of a model, the newest first."""
    from app.cli import model_views

    with reading(workspace) as store:
        model_views.list_versions(store, model, json)


@app.command("register")
def register(
    run: Annotated[
        str,
        typer.Argument(metavar="RUN", help="A tracked run: its id, the beginning of it, or name."),
    ],
    name: Annotated[
        str, typer.Option("--name", metavar="MODEL", help="The model; made if there is none.")
    ],
    path: Annotated[
        str, typer.Option(metavar="PATH", help="The file or folder among the run's artifacts.")
    ] = "model",
    alias: Annotated[
        list[str] | None, typer.Option(help="An alias that it gets; may be repeated.")
    ] = None,
    tag: Annotated[
        list[str] | None, typer.Option(metavar="KEY=VALUE", help="A tag; may be repeated.")
    ] = None,
    description: Annotated[str, typer.Option(help="What is to be known of it.")] = "",
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Make what a run has logged the next version of a model."""
    from app.cli import model_views

    with writing(workspace) as store:
        number = model_views.register(store, run, name, path, alias or [], tag or [], description)
    if json:
        print_json({"name": name, "version": number, "aliases": sorted(alias or [])})
    else:
        say(f"registered version {number} of model {name}")


@app.command("alias")
def set_alias(
    model: ModelArgument,
    version: VersionArgument,
    alias: Annotated[str, typer.Argument(help="Such as champion; taken from who has it.")],
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Give a version of a model an alias."""
    from app.cli import model_views
    from store import registry

    with writing(workspace) as store, store.write() as connection:
        before = registry.set_alias(connection, model, alias, version, model_views.by())
    if json:
        print_json({"name": model, "alias": alias, "version": version, "before": before})
    else:
        was = f", before version {before}" if before not in (None, version) else ""
        say(f"{model}@{alias} is version {version}{was}")


@app.command("unalias")
def remove_alias(
    model: ModelArgument,
    alias: Annotated[str, typer.Argument(help="The alias to take away.")],
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Take an alias away from the version that has it."""
    from app.cli import model_views
    from store import registry

    with writing(workspace) as store, store.write() as connection:
        before = registry.delete_alias(connection, model, alias, model_views.by())
    if json:
        print_json({"name": model, "alias": alias, "version": None, "before": before})
    else:
        say(f"version {before} of {model} is no longer {alias}")


@app.command("describe")
def describe(
    model: ModelArgument,
    version: Annotated[
        int | None, typer.Argument(min=1, help="A version of it; without: the model itself.")
    ] = None,
    text: Annotated[str | None, typer.Option("--text", help="The new description.")] = None,
    rename: Annotated[
        str | None, typer.Option(metavar="NAME", help="A new name of the model.")
    ] = None,
    tag: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=VALUE", help="A tag to set; KEY= takes it away. Repeatable."),
    ] = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Describe, tag or rename a model, or one of its versions."""
    from app.cli import model_views

    with writing(workspace) as store:
        model_views.describe(store, model, version, text=text, rename=rename, tags=tag or [])
    if json:
        print_json({"name": rename or model, "version": version})
    else:
        say(f"changed {model}" + (f" version {version}" if version is not None else ""))


@app.command("delete")
def delete(
    model: ModelArgument,
    version: Annotated[
        int | None, typer.Argument(min=1, help="Only this version; without: the whole model.")
    ] = None,
    yes: YesOption = False,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Delete a version of a model, or the model with all of them.

    The runs that made them stay, and their files.
    """
    from app.cli import model_views
    from store import registry

    what = f"model {model}" if version is None else f"version {version} of model {model}"
    with writing(workspace) as store:
        with store.read() as connection:
            model_views.check_there(connection, model, version)
        confirm(f"Delete {what}, with its aliases? {FOR_GOOD}", yes=yes)
        with store.write() as connection:
            if version is None:
                registry.delete_model(connection, model, model_views.by())
            else:
                registry.delete_version(connection, model, version, model_views.by())
    if json:
        print_json({"deleted": model, "version": version})
    else:
        say(f"deleted {what}")
