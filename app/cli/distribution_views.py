"""Distributions of tracked runs as the command line prints them."""

from __future__ import annotations

import csv
import sys
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from app.cli.errors import CommandError, usage_error
from app.cli.exit_codes import ExitCode
from app.cli.output import Column, can_print_glyphs, note, print_json, print_table
from app.cli.tracked_views import MISSING, SHORT, find_tracked
from app.comparing.distributions import Counted, Spread, counted, figures, spread
from app.text import sanitize
from store import distributions
from store.distributions import Categories, Distribution, Stated
from store.engine import Store
from store.errors import InvalidValue

BAR = 30
WHOLE = frozenset({"values", "nulls", "distinct", "infinite"})


def show_names(store: Store, run: str, form: str) -> None:
    """Print which distributions a run has logged."""
    row = find_tracked(store, run)
    with store.read() as connection:
        found = distributions.stated(connection, row.id)
    rows = [_summary(list(steps)) for _, steps in groupby(found, lambda one: one.key)]
    if form == "json":
        print_json({"run_id": row.uuid, "distributions": rows})
    elif form == "csv":
        writer = csv.DictWriter(sys.stdout, _FIELDS, lineterminator="\n")
        writer.writeheader()
        writer.writerows({**one, "name": sanitize(one["name"])} for one in rows)
    else:
        columns = [Column("name"), Column("kind")]
        columns.extend(Column(title, right=True) for title in ("steps", "last", "values", "nulls"))
        cells = [[str(one[name]) for name in _FIELDS] for one in rows]
        print_table(columns, cells, empty=f"run {row.uuid[:SHORT]} has logged no distribution")


_FIELDS: tuple[str, ...] = ("name", "kind", "steps", "last_step", "values", "nulls")


def _summary(steps: Sequence[Stated]) -> dict[str, Any]:
    """One distribution in figures: those of its last step."""
    last = steps[-1]
    facts = (last.key, last.kind, len(steps), last.step, last.count, last.null_count)
    return dict(zip(_FIELDS, facts, strict=True))


def show(
    store: Store, run: str, name: str, *, step: int | None, together: bool, log: bool, form: str
) -> None:
    """Print a distribution of a run: of one step, or of all added up."""
    row = find_tracked(store, run)
    found = _steps(store, row.id, row.uuid, name, step, together)
    one = _added(found, name)
    if form == "json":
        steps = [each.step for each in found]
        print_json({"run_id": row.uuid, "name": name, "steps": steps, **document(one)})
        return
    table = spread([one], log=log)
    if form == "csv":
        _print_csv(table, ["count"])
        return
    note(f"{name}: {', '.join(_words(one))}")
    _print_bars(table)
    if table.note:
        note(table.note)


def _steps(
    store: Store, run_id: int, uuid: str, name: str, step: int | None, together: bool
) -> list[Distribution]:
    """What is printed. Raises ``CommandError`` where there is no such distribution or step."""
    with store.read() as connection:
        keys = distributions.keys_of_run(connection, run_id)
        if name not in keys:
            raise CommandError(
                f"run {uuid[:SHORT]} has no distribution {name!r}: it has "
                f"{', '.join(keys) or 'none'}",
                ExitCode.NOT_FOUND,
            )
        most = distributions.MOST_STEPS if together else 1
        found = distributions.last_steps(connection, run_id, name, step, most)
    if step is not None and (not found or found[-1].step != step):
        raise CommandError(
            f"{name!r} of run {uuid[:SHORT]} was not logged at step {step}: "
            "'dagtop runs distributions RUN' shows how many steps it has",
            ExitCode.NOT_FOUND,
        )
    if len(found) == most > 1:
        note(f"the last {most} steps are added up")
    return found


def _added(found: Sequence[Distribution], name: str) -> Counted:
    try:
        one = counted(found)
    except InvalidValue as error:
        raise usage_error(f"the steps of {name!r} can't be added up: {error}") from None
    assert one is not None
    return one


def document(one: Counted) -> dict[str, Any]:
    """A distribution as JSON: all that is kept of it."""
    content = one.content
    head: dict[str, Any] = {"kind": one.kind, "count": one.count, "null_count": one.null_count}
    if isinstance(content, Categories):
        return {**head, "distinct": content.distinct, "counts": content.counts,
                "other": content.other}  # fmt: skip
    bins = [{"from": part.low, "to": part.high, "count": part.count} for part in content.bins]
    known = {name: getattr(content, name) for name in ("min", "max", "mean", "std", "infinite")}
    return {**head, "distinct": content.distinct, **known, "quantiles": content.quantiles,
            "bins": bins}  # fmt: skip


def _words(one: Counted) -> list[str]:
    return [
        f"{words} {value:,.0f}" if words in WHOLE else f"{words} {value:.6g}"
        for words, value in figures(one)
    ]


def _print_bars(table: Spread) -> None:
    full = "█" if can_print_glyphs() else "#"
    largest = max((table.share(part, 0) or 0.0 for part in table.parts), default=0.0) or 1.0
    rows = [
        (
            part.label,
            f"{part.counts[0]:,}",
            _share(table.share(part, 0)),
            full * round((table.share(part, 0) or 0.0) / largest * BAR),
        )
        for part in table.parts
    ]
    title = "bin" if table.kind == "numbers" else "category"
    columns = [Column(title), Column("count", right=True), Column("share", right=True), Column("")]
    print_table(columns, rows, empty="it has no values")


def _share(share: float | None) -> str:
    return MISSING if share is None else f"{share:.1%}"


def _print_csv(table: Spread, heads: Sequence[str]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["bin" if table.kind == "numbers" else "category", *heads])
    writer.writerows([sanitize(part.label), *part.counts] for part in table.parts)


def compare(store: Store, names: Sequence[str], name: str, form: str) -> None:
    """Print the last step of a distribution of several runs side by side."""
    rows = list({row.uuid: row for row in (find_tracked(store, one) for one in names)}.values())
    with store.read() as connection:
        found = distributions.last_of_runs(connection, [row.id for row in rows], name)
        if not found:
            keys = distributions.keys_of_runs(connection, [row.id for row in rows])
            raise CommandError(
                f"none of these runs has a distribution {name!r}: they have "
                f"{', '.join(keys) or 'none'}",
                ExitCode.NOT_FOUND,
            )
    each = [counted([found[row.id]]) if row.id in found else None for row in rows]
    table = spread(each)
    if table.kind is None:
        raise usage_error(f"{name!r} can't be compared: {table.note}")
    uuids = [row.uuid for row in rows]
    if form == "csv":
        _print_csv(table, uuids)
    elif form == "json":
        parts = [
            {
                "label": part.label,
                "is_rest": part.is_rest,
                "counts": dict(zip(uuids, part.counts, strict=True)),
                "shares": {uuid: table.share(part, at) for at, uuid in enumerate(uuids)},
            }
            for part in table.parts
        ]
        totals = dict(zip(uuids, table.totals, strict=True))
        print_json({"name": name, "kind": table.kind, "totals": totals, "parts": parts})
    else:
        head = [Column(uuid[:SHORT], right=True, is_name=True) for uuid in uuids]
        cells = [
            (part.label, *(_share(table.share(part, at)) for at in range(len(rows))))
            for part in table.parts
        ]
        title = "bin" if table.kind == "numbers" else "category"
        print_table([Column(title), *head], cells, empty="they have no values")
