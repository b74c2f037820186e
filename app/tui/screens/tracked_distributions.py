"""The distributions of a tracked run: categories and bins with their shares, by step."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from app.comparing.distributions import NO_SPREAD, Part
from app.tui.bindings import bindings
from app.tui.jumps import find
from app.tui.models.distributions import (
    STEPS,
    STEPS_WORDS,
    DistributionsForm,
    Head,
    columns_of,
    figures_lines,
    keys_words,
    note_words,
    part_key,
    part_line,
    rows_for_export,
    steps_words,
)
from app.tui.reading_tracked_run import DistributionsOfRun, Read, read_distributions
from app.tui.screens.tracked_views import TrackedFocus, TrackedViewScreen
from app.tui.widgets.chrome import InfoLine
from app.tui.widgets.prompt import PromptLine
from app.tui.widgets.table import Table

if TYPE_CHECKING:
    from app.tui.exporting import Export
    from store.distributions import Stated
    from store.queries.tracked_page import TrackedPage

NOTHING = "It has logged no distribution: dagtop.log_distribution(name, values) does."


class TrackedDistributionsScreen(TrackedViewScreen):
    """One distribution, chosen by its name or one after the other."""

    view_name: ClassVar[str] = "distributions"
    contexts: ClassVar[tuple[str, ...]] = (
        "everywhere",
        "list",
        "tracked_run",
        "tracked_acts",
        "tracked_distributions",
    )
    BINDINGS: ClassVar[list[BindingType]] = bindings(
        "list", "tracked_run", "tracked_acts", "tracked_distributions"
    )

    def __init__(self, focus: TrackedFocus | str) -> None:
        super().__init__(focus)
        self.form: DistributionsForm = self.look.kept.setdefault(
            "distributions", DistributionsForm()
        )
        if key := self.look.kept.pop("distribution", ""):
            self.form.key, self.form.step = key, None
        self.spread = NO_SPREAD
        self.heads: list[Head] = []

    def body(self) -> Iterable[Widget]:
        yield InfoLine(widget_id="views")
        yield InfoLine(widget_id="title")
        yield InfoLine(widget_id="which")
        yield InfoLine(widget_id="figures")
        yield InfoLine(widget_id="quantiles")
        yield Table[Part]([], part_key, empty="reading ...", widget_id="main")
        yield InfoLine(widget_id="detail")
        yield PromptLine("/", widget_id="choose")

    def mounted(self) -> None:
        super().mounted()
        self.query_one("#choose", PromptLine).completed = lambda text: find(text, self.keys)

    @property
    def table(self) -> Table[Part]:
        return self.query_one("#main", Table)

    @property
    def own(self) -> DistributionsOfRun:
        """What was read."""
        found = None if self.snapshot is None else self.snapshot.own
        return found if isinstance(found, DistributionsOfRun) else DistributionsOfRun((), "")

    @property
    def keys(self) -> list[str]:
        """The names of its distributions."""
        return list(dict.fromkeys(one.key for one in self.own.stated))

    @property
    def stated(self) -> list[Stated]:
        """The steps of the one that is looked at."""
        return [one for one in self.own.stated if one.key == self.own.key]

    # what is read and shown

    def reader(self) -> Read:
        return partial(read_distributions, form=replace(self.form))

    def show_page(self, page: TrackedPage) -> None:
        own = self.own
        self.table.empty = own.problem or NOTHING
        is_one = own.sum is not None
        names = ["values"] if is_one else [f"step {step}" for step in own.steps]
        self.spread = own.spread
        self.heads = [Head(name, name) for name in names] if own.spread.totals else []
        self.show_rows()
        which = self.query_one("#which", InfoLine)
        which.line = keys_words(own.key, self.keys) if own.key else ()
        steps = steps_words(self.stated, self.form, own.steps)
        which.right = (*note_words(own.spread), *steps)
        for name, line in zip(("figures", "quantiles"), figures_lines(own.sum), strict=True):
            info = self.query_one(f"#{name}", InfoLine)
            info.line, info.display = line, bool(line)

    def show_rows(self) -> None:
        """The rows, as wide as there is room."""
        if self.heads:
            # not shown before their rows are
            self.table.columns = columns_of(self.spread, self.heads, self.app.size.width)
        self.table.show(self.spread.parts)
        self._show_detail()

    def resized(self) -> None:
        super().resized()
        if self.is_there and self.page is not None:
            self.show_rows()

    def show_missing(self, words: str) -> None:
        self.table.empty = words
        self.table.show(())

    def on_table_moved(self) -> None:
        self._show_detail()

    def on_table_head_clicked(self, message: Table.HeadClicked) -> None:
        self.table.sort_toggled(message.key)

    def _show_detail(self) -> None:
        detail = self.query_one("#detail", InfoLine)
        detail.line = part_line(self.table.current, self.spread, self.heads)

    # which one

    def _change(self, words: str) -> None:
        self.dagtop.say(words)
        self.ask_first()

    def _choose(self, key: str) -> None:
        self.form.key, self.form.step = key, None
        self.table.position.cursor = 0
        self.ask_first()

    async def action_choose(self) -> None:
        """Ask which distribution."""
        hint = "name of a distribution, or a part of it; Tab completes"
        await self.query_one("#choose", PromptLine).open("", hint)

    def on_prompt_line_entered(self, message: PromptLine.Entered) -> None:
        text = message.text.strip()
        found = find(text, self.keys) if text else []
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
        keys = self.keys
        if len(keys) < 2:
            self.dagtop.say("there is no other distribution")
            return
        self._choose(keys[(keys.index(self.own.key) + way) % len(keys)])

    # which step

    def action_older_step(self) -> None:
        """The step before."""
        self._step(-1)

    def action_newer_step(self) -> None:
        """The next step."""
        self._step(1)

    def _step(self, way: int) -> None:
        steps = [one.step for one in self.stated]
        if self.form.steps != "one":
            self.dagtop.say(f"{STEPS_WORDS[self.form.steps]}: m shows one")
            return
        place = steps.index(self.own.steps[-1]) + way if self.own.steps else -1
        if not 0 <= place < len(steps):
            self.dagtop.say("there is no other step that way")
            return
        self.form.step = None if place == len(steps) - 1 else steps[place]
        self.ask_first()

    def action_steps(self) -> None:
        """One step, all of them added up, or side by side."""
        if len(self.stated) < 2:
            self.dagtop.say("it was logged at one step only")
            return
        self.form.steps = STEPS[(STEPS.index(self.form.steps) + 1) % len(STEPS)]
        self.form.step = None
        self.table.sort_by(None)
        self._change(STEPS_WORDS[self.form.steps])

    # how it is looked at

    def action_log_x(self) -> None:
        """Bins that grow by powers of ten, or of the same width."""
        if self.spread.kind == "categories":
            self.dagtop.say("categories have no scale")
            return
        self.form.log = not self.form.log
        self._change("bins grow by powers of ten" if self.form.log else "bins of the same width")

    def action_sort(self) -> None:
        """Sort by the next column."""
        self.dagtop.say(f"sorted by {self.table.sort_next()}")

    def action_copy_value(self) -> None:
        """Copy the name and the counts of the row."""
        part = self.table.current
        if part is None:
            self.dagtop.say("there is nothing to copy")
            return
        counts = "\t".join(str(count) for count in part.counts)
        self.dagtop.copy(f"{part.label}\t{counts}", part.label or "the row")

    def exports(self) -> list[Export]:
        """The rows as they are shown."""
        from app.tui.exporting import Export, table_csv, table_json

        rows = rows_for_export(self.spread, self.heads)
        if not rows:
            return []
        return [
            Export("the distribution as CSV", "csv", lambda: table_csv(rows)),
            Export("the distribution as JSON", "json", lambda: table_json(rows)),
        ]
