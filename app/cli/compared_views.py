"""Tracked runs side by side, as the command line prints them."""

from __future__ import annotations

import csv
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from app.cli.errors import CommandError, usage_error
from app.cli.exit_codes import ExitCode
from app.cli.output import Cell, Column, can_print_glyphs, note, print_json, print_table
from app.cli.times import iso
from app.cli.tracked_views import MISSING, SHORT, find_tracked, found_ids, plain_number
from app.comparing import numbers
from app.comparing.importance import MODEL, importance
from app.comparing.table import METRICS, SECTIONS, SUMMARIES, Line, only_differences, table_of
from app.text import sanitize
from store.queries.compared import compared_runs
from store.queries.tracked import logged_for

if TYPE_CHECKING:
    from store.engine import Store
    from store.queries.compared import ComparedRun


def compare(
    store: Store,
    names: Sequence[str],
    *,
    only_differences: bool,
    baseline: str | None,
    summary: str,
    form: str,
) -> None:
    """Print runs side by side, a row for each key. ``form``: table, json, csv."""
    uuids = list(dict.fromkeys(find_tracked(store, name).uuid for name in names))
    base = None if baseline is None else find_tracked(store, baseline).uuid
    if base is not None and base not in uuids:
        raise usage_error(f"the baseline {baseline!r} is none of the runs that are compared")
    with store.read() as connection:
        runs = compared_runs(connection, uuids)
    lines = _lines(runs, summary, only_differences)
    at = None if base is None else uuids.index(base)
    if form == "json":
        print_json(document(runs, lines, at))
    elif form == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(["key", *uuids])
        writer.writerows(
            [sanitize(line.name), *(sanitize(text or "") for text in line.texts)] for line in lines
        )
    else:
        head = [Column(run.row.uuid[:SHORT], right=True, is_name=True) for run in runs]
        rows = [
            (line.name, *(_cell(line, place, at) for place in range(len(runs)))) for line in lines
        ]
        print_table([Column(""), *head], rows, empty="they differ in nothing")


def show_importance(
    store: Store, text: str, metric: str, summary: str, limit: int, json: bool
) -> None:
    """Print how the params of the runs that pass a filter go with a metric."""
    ids = found_ids(store, text, "", limit)
    with store.read() as connection:
        logged = logged_for(connection, ids, metrics=[metric], tags=[])
    measured = [logged.metrics.get(run, {}).get(metric) for run in ids]
    if not any(measured):
        raise CommandError(
            f"none of {len(ids)} runs has the metric {metric!r}: 'dagtop metrics RUN' lists those "
            "of one",
            ExitCode.NOT_FOUND,
        )
    values = [None if one is None else SUMMARIES[summary](one) for one in measured]
    found = importance(metric, values, [logged.params.get(run, {}) for run in ids])
    if json:
        print_json({**asdict(found), "model": MODEL})
        return
    columns = [
        Column("param", is_name=True),
        *(Column(name, right=True) for name in ("importance", "correlation", "p", "runs")),
        Column("note"),
    ]
    rows = [
        (
            one.param,
            MISSING if one.importance is None else f"{one.importance:.3f}",
            MISSING if one.correlation is None else f"{one.correlation:+.3f}",
            MISSING if one.p is None else f"{one.p:.2g}",
            str(one.runs),
            one.note or ("a category" if one.kind == "category" else ""),
        )
        for one in found.effects
    ]
    print_table(columns, rows, empty=found.note or "these runs have no params")
    if rows:
        note(f"{found.runs} runs" + (f"; {found.note}" if found.note else ""))
        if found.fit is not None:
            note(f"importance: growth of the error ({MODEL}; R² {found.fit:.2f})")


def _lines(runs: Sequence[ComparedRun], summary: str, only: bool) -> list[Line]:
    lines = [
        line for line in table_of(runs, summary, lambda at: iso(at) or "") if line.name != "id"
    ]
    return only_differences(lines) if only else lines


def document(
    runs: Sequence[ComparedRun], lines: Sequence[Line], baseline: int | None
) -> dict[str, Any]:
    """The comparison as JSON: what each run has of a key, and by section what differs, changes,
    and is the best."""
    sections: dict[str, dict[str, Any]] = {name: {} for name in SECTIONS}
    uuids = [run.row.uuid for run in runs]
    for line in lines:
        found: dict[str, Any] = {"values": _values(line), "differs": line.differs}
        if line.section == METRICS:
            lowest = line.lowest({})
            best = numbers.best(line.numbers, lowest=lowest)
            found["better"] = "min" if lowest else "max"
            found["best"] = [uuids[place] for place in sorted(best)]
        if baseline is not None and line.numbers:
            found["change"] = [_change(line, place, baseline) for place in range(len(runs))]
        sections[line.section][line.key] = found
    result: dict[str, Any] = {"runs": uuids}
    if baseline is not None:
        result["baseline"] = uuids[baseline]
    rows = {line.name: [MISSING if text is None else text for text in line.texts] for line in lines}
    return {**result, "rows": rows, "sections": {k: v for k, v in sections.items() if v}}


def _values(line: Line) -> list[Any]:
    if not line.is_metric:
        return list(line.texts)
    return [None if number is None else plain_number(number) for number in line.numbers]


def _change(line: Line, place: int, baseline: int) -> dict[str, float | None] | None:
    change = numbers.change(line.numbers[place], line.numbers[baseline])
    return None if change is None else {"absolute": change.absolute, "relative": change.relative}


def _cell(line: Line, place: int, baseline: int | None) -> Cell:
    text = line.texts[place]
    if text is None:
        return Cell(MISSING)
    colour = ""
    if line.section == METRICS:
        lowest = line.lowest({})
        if place in numbers.best(line.numbers, lowest=lowest):
            text, colour = f"{'★' if can_print_glyphs() else '*'} {text}", "green"
    if baseline is not None and place != baseline and line.numbers:
        change = numbers.change(line.numbers[place], line.numbers[baseline])
        if change is not None:
            share = "" if change.relative is None else f" {numbers.percent(change.relative)}"
            text = f"{text} ({numbers.signed(change.absolute)}{share})"
    return Cell(text, colour)
