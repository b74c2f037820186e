"""Runs side by side: a distribution that they have logged, with the share of each category."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from app.comparing.distributions import NO_SPREAD, Part
from app.tui.bindings import bindings
from app.tui.formats import plural
from app.tui.jumps import find
from app.tui.models.chart import marker_of, role_of
from app.tui.models.distributions import (
    STEPS_WORDS,
    DistributionsForm,
    Head,
    columns_of,
    keys_words,
    note_words,
    part_key,
    part_line,
    rows_for_export,
)
from app.tui.reading_compare import DistributionsOfRuns, Own, read_distributions
from app.tui.screens.compare_metric import AskingScreen
from app.tui.spans import Span, Spans
from app.tui.widgets.chrome import InfoLine
from app.tui.widgets.prompt import PromptLine
from app.tui.widgets.table import Table

if TYPE_CHECKING:
    from app.tui.exporting import Export

NOTHING = (
    "None of these runs has logged a distribution: dagtop.log_distribution(name, values) does."
)


class DistributionsScreen(AskingScreen):
    """A row for each category or bin, a column for each run."""

    view_name: ClassVar[str] = "distributions"
    contexts: ClassVar[tuple[str, ...]] = (
        "everywhere",
        "list",
        "compare",
        "compare_distributions",
    )
    BINDINGS: ClassVar[list[BindingType]] = bindings("list", "compare", "compare_distributions")

    def __init__(self, runs: Any) -> None:
        super().__init__(runs)
        self.form: DistributionsForm = self.look.kept.setdefault(
            "distributions", DistributionsForm()
        )
        self.spread = NO_SPREAD
        self.heads: list[Head] = []

    def body(self) -> Iterable[Widget]:
        yield InfoLine(widget_id="views")
        yield InfoLine(widget_id="compared")
        yield InfoLine(widget_id="which")
        yield Table[Part]([], part_key, empty="reading ...", widget_id="main")
        yield InfoLine(widget_id="detail")
        yield PromptLine("/", widget_id="choose")

    @property
    def table(self) -> Table[Part]:
        return self.query_one("#main", Table)

    @property
    def found(self) -> DistributionsOfRuns:
        """What was read."""
        own = self.own
        return own if isinstance(own, DistributionsOfRuns) else DistributionsOfRuns((), "")

    # what is read and shown

    def reader(self) -> Own:
        form = self.form
        several = form.steps == "sum"
        return partial(read_distributions, key=form.key, several=several, log=form.log)

    def show_runs(self) -> None:
        found, ascii_only = self.found, self.dagtop.glyphs.is_ascii
        order = {uuid: place for place, uuid in enumerate(found.uuids)}
        self.heads = [
            Head(
                run.row.uuid,
                f"{marker_of(at, ascii_only=ascii_only)} {run.row.name or run.row.uuid[:8]}",
                role_of(at),
            )
            for at, run in enumerate(self.runs)
        ]
        self.spread = found.spread.of([order.get(head.key) for head in self.heads])
        self.table.empty = found.problem or self.empty_words()
        self.show_rows()
        which = self.query_one("#which", InfoLine)
        which.line = keys_words(found.key, found.keys) if found.key else ()
        which.right = (*note_words(found.spread), *self._steps())

    def _steps(self) -> Spans:
        """Which steps, and how many of the runs have it."""
        found = self.found
        have = sum(one > 0 for one in self.spread.totals)
        if not found.key:
            return ()
        steps = "the last step"
        if self.form.steps == "sum":
            steps = STEPS_WORDS["sum"]
            if found.steps is not None:
                steps = f"the last {found.steps:,} steps added up"
        return (
            Span(f"{plural(have, 'run')} with values  ", "dim"),
            Span(steps, "dim" if self.form.steps == "one" else "accent"),
        )

    def show_rows(self) -> None:
        """The rows, as wide as there is room."""
        if self.heads:
            width = self.app.size.width
            # not shown before their rows are
            self.table.columns = columns_of(self.spread, self.heads, width, self.baseline)
        self.table.show(self.spread.parts)
        self._show_detail()

    def resized(self) -> None:
        super().resized()
        if self.snapshot is not None:
            self.show_rows()

    def empty_words(self) -> str:
        if self.runs and not self.found.keys:
            return NOTHING
        return super().empty_words()

    def on_table_moved(self) -> None:
        self._show_detail()

    def on_table_head_clicked(self, message: Table.HeadClicked) -> None:
        self.table.sort_toggled(message.key)

    def _show_detail(self) -> None:
        detail = self.query_one("#detail", InfoLine)
        detail.line = part_line(self.table.current, self.spread, self.heads)

    # which one

    def _choose(self, key: str) -> None:
        self.form.key = key
        self.table.position.cursor = 0
        self.ask_first()

    async def action_choose_distribution(self) -> None:
        """Ask which distribution."""
        hint = "name of a distribution, or a part of it"
        await self.ask_for(hint, self.found.keys, self._named)

    def _named(self, text: str) -> None:
        found = find(text, self.found.keys) if text else []
        if found:
            self._choose(found[0])
        elif text:
            self.dagtop.say(f"no distribution is called {text}", "warning")

    def action_next_distribution(self) -> None:
        """The next distribution."""
        self._turn(1)

    def action_previous_distribution(self) -> None:
        """The distribution before."""
        self._turn(-1)

    def _turn(self, way: int) -> None:
        keys = self.found.keys
        if len(keys) < 2:
            self.dagtop.say("there is no other distribution")
            return
        self._choose(keys[(keys.index(self.found.key) + way) % len(keys)])

    # how it is looked at

    def action_steps(self) -> None:
        """The last step of each run, or all of them added up."""
        self.form.steps = "sum" if self.form.steps == "one" else "one"
        self.dagtop.say("the last step" if self.form.steps == "one" else STEPS_WORDS["sum"])
        self.ask_first()

    def action_log_x(self) -> None:
        """Bins that grow by powers of ten, or of the same width."""
        if self.spread.kind == "categories":
            self.dagtop.say("categories have no scale")
            return
        self.form.log = not self.form.log
        words = "bins grow by powers of ten" if self.form.log else "bins of the same width"
        self.dagtop.say(words)
        self.ask_first()

    def action_baseline(self) -> None:
        """Measure all by the next run, after the last one by none."""
        uuids = [run.row.uuid for run in self.runs]
        at = -1 if self.baseline is None else self.baseline
        self.look.baseline = uuids[at + 1] if at + 1 < len(uuids) else None
        self.show_about()
        self.show_rows()
        name = "" if self.baseline is None else self.runs[self.baseline].row.name
        self.dagtop.say(f"percentage points against {name}" if name else "no baseline")

    def action_sort(self) -> None:
        """Sort by the next column."""
        self.dagtop.say(f"sorted by {self.table.sort_next()}")

    def exports(self) -> list[Export]:
        """The rows as they are shown, with the counts of each run."""
        from app.tui.exporting import Export, table_csv, table_json

        rows = rows_for_export(self.spread, self.heads)
        if not rows:
            return []
        return [
            Export("the distributions as CSV", "csv", lambda: table_csv(rows)),
            Export("the distributions as JSON", "json", lambda: table_json(rows)),
        ]
