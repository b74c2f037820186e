"""``dagtop runs``."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer

from app.cli.completion import complete_dag, complete_run
from app.cli.groups import group
from app.cli.output import print_json, say
from app.cli.session import (
    FOR_GOOD,
    CsvOption,
    DagArgument,
    DryRunOption,
    JsonOption,
    RunArgument,
    WorkspaceOption,
    YesOption,
    chosen_workspace,
    confirm,
    form_of,
    reading,
)

app = group("DAG runs, and the tracked runs of their tasks.")

NoteOption = Annotated[
    str | None, typer.Option("--note", metavar="TEXT", help="A note on the run.")
]


@app.command("list")
def list_runs(
    dag: Annotated[
        str | None,
        typer.Argument(metavar="DAG", help="Only of this DAG.", autocompletion=complete_dag),
    ] = None,
    state: Annotated[
        list[str] | None, typer.Option(help="queued, running, success, failed; may be repeated.")
    ] = None,
    run_type: Annotated[
        list[str] | None,
        typer.Option("--type", help="manual, scheduled, backfill; may be repeated."),
    ] = None,
    since: Annotated[
        str | None, typer.Option(metavar="DATE", help="Due at or after this (ISO 8601, local).")
    ] = None,
    until: Annotated[
        str | None, typer.Option(metavar="DATE", help="Due before this (ISO 8601, local).")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="At most so many.")] = 50,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """List DAG runs, newest first."""
    from app.cli import run_views

    wanted = run_views.run_filter(dag, state, run_type, since, until)
    with reading(workspace) as store:
        run_views.list_runs(store, wanted, limit, json)


@app.command("show")
def show(
    dag: DagArgument,
    run: RunArgument = "latest",
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Show a run and its task instances."""
    from app.cli import run_views

    with reading(workspace) as store:
        run_views.show_run(store, dag, run, json)


@app.command("cancel")
def cancel(
    dag: DagArgument,
    run: RunArgument,
    yes: YesOption = False,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """End a run; it is failed.

    What runs of it is ended, the rest is skipped.
    """
    from app.cli.acting import act_or_leave

    space = chosen_workspace(workspace)
    run_id = _run_id(workspace, dag, run)
    confirm(f"Cancel run {run_id} of {dag}?", yes=yes)
    answer = act_or_leave(space, "cancel_run", {"dag_id": dag, "run_id": run_id}, json=json)
    _say_state(dag, answer, "cancelled", json)


@app.command("mark")
def mark(
    dag: DagArgument,
    run: RunArgument,
    state: Annotated[Literal["success", "failed"], typer.Argument(help="The state it gets.")],
    note: NoteOption = None,
    yes: YesOption = False,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Set the state of a run by hand.

    What still runs of it is ended.
    """
    from app.cli.acting import act_or_leave

    space = chosen_workspace(workspace)
    run_id = _run_id(workspace, dag, run)
    confirm(f"Mark run {run_id} of {dag} {state}?", yes=yes)
    wanted = {"dag_id": dag, "run_id": run_id, "state": state, "note": note}
    answer = act_or_leave(space, "mark_run", wanted, json=json)
    _say_state(dag, answer, f"marked {state}", json)


@app.command("clear")
def clear(
    dag: DagArgument,
    run: RunArgument,
    only_failed: Annotated[
        bool, typer.Option("--only-failed", help="Only what failed, or waited for what failed.")
    ] = False,
    note: NoteOption = None,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Let the tasks of a run run again."""
    from app.cli import task_views

    run_id = _run_id(workspace, dag, run)
    payload = {
        "dag_id": dag,
        "run_ids": [run_id],
        "task_ids": None,
        "only_failed": only_failed,
        "note": note,
    }
    space = chosen_workspace(workspace)
    task_views.change_instances(
        space, "clear", payload, "Clear", dry_run=dry_run, yes=yes, json=json
    )


@app.command("delete")
def delete(
    dag: DagArgument,
    run: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN",
            help="Run ids, the beginning of one, or 'latest'.",
            autocompletion=complete_run,
        ),
    ],
    yes: YesOption = False,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Delete runs that have ended.

    Their task instances, logs and XComs too; what was tracked stays.
    """
    from app.cli.acting import act_or_leave

    space = chosen_workspace(workspace)
    run_ids = list(dict.fromkeys(_run_id(workspace, dag, one) for one in run))
    what = f"run {run_ids[0]}" if len(run_ids) == 1 else f"{len(run_ids)} runs"
    confirm(f"Delete {what} of {dag}, with logs and XComs? {FOR_GOOD}", yes=yes)
    act_or_leave(space, "delete_runs", {"dag_id": dag, "run_ids": run_ids}, json=json)
    if json:
        print_json({"dag_id": dag, "run_ids": run_ids})
        return
    for run_id in run_ids:
        say(f"deleted {run_id}")


NoteText = Annotated[
    str | None,
    typer.Argument(
        metavar="TEXT",
        help="The note; '-' reads it from stdin, '' takes it away.",
        show_default=False,
    ),
]


@app.command("note")
def note(
    dag: DagArgument,
    run: RunArgument,
    text: NoteText = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Write a note on a run.

    Without a text: prints the note that is there.
    """
    from app.cli.noting import show_or_write

    show_or_write(chosen_workspace(workspace), dag, run, text, json=json)


def _run_id(workspace: str | None, dag: str, run: str) -> str:
    from app.cli.lookups import find_run

    with reading(workspace) as store, store.read() as connection:
        return find_run(connection, dag, run).run_id


def _say_state(dag: str, answer: dict[str, Any], what: str, json: bool) -> None:
    if json:
        print_json({"dag_id": dag, "run_id": answer["run_id"], "state": answer.get("state")})
        return
    ended = answer.get("ended_tasks")
    also = f"; {ended} running tasks are being ended" if ended else ""
    say(f"{what} {answer['run_id']}{also}")


FilterArgument = Annotated[
    str,
    typer.Argument(
        metavar="FILTER",
        help="As MLflow's: \"metrics.loss < 0.3 AND params.lr = '0.1'\". Besides: OR, NOT, ( ), "
        "IN, BETWEEN, ~ 'regex', IS NULL, IS NAN, params.lr < 0.1, metrics.loss.min, "
        "duration > 1h30m, started > 2d, dag:train*, task:fit, has:acc, is:archived.",
    ),
]


@app.command("search")
def search(
    text: FilterArgument = "",
    sort: Annotated[
        str, typer.Option(metavar="ORDER", help="As in: metrics.loss ASC, start_time DESC.")
    ] = "",
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="At most so many.")] = 50,
    csv: CsvOption = False,
    parquet: Annotated[
        str, typer.Option(metavar="FILE", help="Write a Parquet file, with columns for all.")
    ] = "",
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """List the tracked runs that pass a filter, the newest first."""
    from app.cli import tracked_views

    with reading(workspace) as store:
        if parquet:
            from app.cli import tracked_files

            tracked_files.write_parquet(store, text, sort, limit, parquet)
        else:
            tracked_views.search(store, text, sort, limit, form_of(json=json, csv=csv))


@app.command("best")
def best(
    metric: Annotated[str, typer.Option(metavar="KEY", help="The metric that counts.")],
    text: FilterArgument = "",
    lowest: Annotated[
        bool, typer.Option("--min/--max", help="Whether the least or the greatest is the best.")
    ] = True,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="So many of the best.")] = 1,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Show the tracked runs with the best last value of a metric."""
    from app.cli import tracked_views

    with reading(workspace) as store:
        tracked_views.best(store, text, metric, lowest, limit, json)


@app.command("compare")
def compare(
    run: Annotated[
        list[str],
        typer.Argument(metavar="RUN", help="Tracked runs: ids, their beginnings, or names."),
    ],
    only_differences: Annotated[
        bool, typer.Option("--only-differences", help="Leave out what is the same in all.")
    ] = False,
    baseline: Annotated[
        str | None, typer.Option(metavar="RUN", help="Show what the others have changed from it.")
    ] = None,
    summary: Annotated[
        Literal["last", "min", "max", "mean"],
        typer.Option("--value", help="Which value of each metric is shown."),
    ] = "last",
    distribution: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Show the shares of a distribution of theirs instead."),
    ] = None,
    csv: CsvOption = False,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Show tracked runs side by side.

    The best of each metric has a star: the least of what its name says is a loss or an error,
    the greatest of all others.
    """
    from app.cli import compared_views, distribution_views

    with reading(workspace) as store:
        if distribution is not None:
            form = form_of(json=json, csv=csv)
            distribution_views.compare(store, run, distribution, form)
            return
        compared_views.compare(
            store,
            run,
            only_differences=only_differences,
            baseline=baseline,
            summary=summary,
            form=form_of(json=json, csv=csv),
        )


@app.command("distributions")
def show_distributions(
    run: Annotated[
        str, typer.Argument(metavar="RUN", help="A tracked run: its id, the beginning, or name.")
    ],
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="This one, with all bins or categories.")
    ] = None,
    step: Annotated[
        int | None, typer.Option(metavar="N", help="At this step; otherwise the last one.")
    ] = None,
    together: Annotated[bool, typer.Option("--all-steps", help="All steps added up.")] = False,
    log: Annotated[bool, typer.Option("--log", help="Bins grow by powers of ten.")] = False,
    csv: CsvOption = False,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Show the distributions of a tracked run, or the shares of one."""
    from app.cli import distribution_views

    form = form_of(json=json, csv=csv)
    with reading(workspace) as store:
        if name is None:
            distribution_views.show_names(store, run, form)
        else:
            distribution_views.show(
                store, run, name, step=step, together=together, log=log, form=form
            )


@app.command("importance")
def importance(
    metric: Annotated[str, typer.Option(metavar="KEY", help="The metric that is explained.")],
    text: FilterArgument = "",
    summary: Annotated[
        Literal["last", "min", "max", "mean"],
        typer.Option("--value", help="Which value of the metric counts."),
    ] = "last",
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=1, help="At most so many runs, the newest.")
    ] = 1000,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Show which params of tracked runs matter for a metric.

    Each by itself (Spearman's rank correlation; a correlation ratio of texts) and all together
    (permutation importance of a model).
    """
    from app.cli import compared_views

    with reading(workspace) as store:
        compared_views.show_importance(store, text, metric, summary, limit, json)


TrackedRuns = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="RUN",
        help="Tracked runs: ids, their beginnings, or names.",
        show_default=False,
    ),
]
WhereOption = Annotated[
    str, typer.Option("--filter", metavar="FILTER", help="Also all that pass this filter.")
]
ChildrenOption = Annotated[
    bool, typer.Option("--children", help="Also those that are nested in them, however deep.")
]


@app.command("tag")
def tag(
    tag: Annotated[
        list[str],
        typer.Option("--set", metavar="KEY=VALUE", help="The tag; KEY= takes it away; repeatable."),
    ],
    run: TrackedRuns = None,
    where: WhereOption = "",
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Set tags on tracked runs, or take them away."""
    from app.cli import tracked_acts

    tracked_acts.tag(workspace, run or [], where, tag, json=json)


@app.command("rename")
def rename(
    run: Annotated[
        str, typer.Argument(metavar="RUN", help="A tracked run: its id, the beginning, or name.")
    ],
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its new name.")],
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Give a tracked run another name."""
    from app.cli import tracked_acts

    tracked_acts.rename(workspace, run, name, json=json)


@app.command("archive")
def archive(
    run: TrackedRuns = None,
    where: WhereOption = "",
    children: ChildrenOption = False,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Archive tracked runs.

    They are left out of lists, as MLflow's deleted ones; 'restore' brings them back.
    """
    from app.cli import tracked_acts

    tracked_acts.archive(workspace, run or [], where, children=children, json=json)


@app.command("restore")
def restore(
    run: TrackedRuns = None,
    where: WhereOption = "",
    children: ChildrenOption = False,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Bring archived runs back."""
    from app.cli import tracked_acts

    tracked_acts.restore(workspace, run or [], where, children=children, json=json)


@app.command("forget")
def forget(
    run: TrackedRuns = None,
    where: WhereOption = "",
    children: ChildrenOption = False,
    yes: YesOption = False,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Delete tracked runs for good.

    With params, metrics, tags and artifacts. What may still log something is not deleted.
    """
    from app.cli import tracked_acts

    tracked_acts.forget(workspace, run or [], where, children=children, yes=yes, json=json)
