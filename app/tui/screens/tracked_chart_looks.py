"""How the charts of a tracked run are looked at: what x is, scales, smoothing."""

from __future__ import annotations

from app.tui.jumps import find
from app.tui.models.chart import SMOOTHINGS, Across
from app.tui.models.tracked_charts import KINDS, ChartsForm, across_words
from app.tui.reading_tracked_run import Curves
from app.tui.screens.tracked_views import TrackedFocus, TrackedViewScreen
from app.tui.widgets.chart import ChartView
from app.tui.widgets.prompt import MetricLine


class ChartLooksScreen(TrackedViewScreen):
    """Changes the form of the charts. Subclasses have a ChartView ``#big`` and a MetricLine
    ``#other``, and read and show the curves."""

    def __init__(self, focus: TrackedFocus | str) -> None:
        super().__init__(focus)
        self.form: ChartsForm = self.look.kept.setdefault(self.view_name, ChartsForm())
        self.curves: Curves = {}

    def mounted(self) -> None:
        super().mounted()
        self.query_one("#other", MetricLine).completed = lambda text: find(text, self._metrics())

    @property
    def big(self) -> ChartView:
        return self.query_one("#big", ChartView)

    def _change(self, words: str) -> None:
        self.dagtop.say(words)
        self.show_page_again()
        self.ask()

    def show_page_again(self) -> None:
        """Show what was read, in another way."""
        if self.page is not None:
            self.show_page(self.page)

    def action_log_y(self) -> None:
        """A logarithmic scale of the values, or a linear one."""
        self.form.log_y = not self.form.log_y
        self._change("values by powers of ten" if self.form.log_y else "values on a linear scale")

    def action_log_x(self) -> None:
        """A logarithmic scale of steps, or a linear one."""
        if self.form.across == "wall":
            self.dagtop.say("times of day have no logarithmic scale: x shows steps")
            return
        self.form.log_x = not self.form.log_x
        self._change("x by powers of ten" if self.form.log_x else "x on a linear scale")

    def action_across(self) -> None:
        """Another x."""
        at = KINDS.index(self.form.across) if self.form.across in KINDS else -1
        self._across(KINDS[(at + 1) % len(KINDS)])

    def _across(self, kind: Across, other: str = "") -> None:
        if "metric" in (kind, self.form.across):
            self.curves = {}  # they have other steps
        self.form.across, self.form.other = kind, other
        self.big.start_over()
        self._change(f"x is {'' if other else 'the '}{across_words(self.form)}")

    async def action_other_metric(self) -> None:
        """Ask which metric is x."""
        hint = "metric that x is; empty: the step; Tab completes"
        await self.query_one("#other", MetricLine).open("", hint)

    def on_metric_line_entered(self, message: MetricLine.Entered) -> None:
        text = message.text.strip()
        found = find(text, self._metrics()) if text else []
        if found:
            self._across("metric", found[0])
        elif text:
            self.dagtop.say(f"no metric is called {text}", "warning")
        else:
            self._across("step")

    def _metrics(self) -> list[str]:
        return [one.key for one in self.page.metrics] if self.page is not None else []

    def action_smoother(self) -> None:
        """Smooth the lines more."""
        self._smooth(1)

    def action_rougher(self) -> None:
        """Smooth the lines less."""
        self._smooth(-1)

    def _smooth(self, step: int) -> None:
        place = self.form.smoothing + step
        if not 0 <= place < len(SMOOTHINGS):
            self.dagtop.say("smoother it can't be" if step > 0 else "nothing is smoothed")
            return
        self.form.smoothing = place
        self._change(f"smoothed by {SMOOTHINGS[place]:g}" if place else "not smoothed")

    def action_outliers(self) -> None:
        """Leave the outliers out, or not."""
        self.form.outliers = not self.form.outliers
        shown = "outliers are shown" if self.form.outliers else "the outermost 5 % are left out"
        self._change(shown)
