"""What the views share that show one metric of runs side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from app.comparing.table import SUMMARIES, metric_keys
from app.tui.jumps import find
from app.tui.screens.comparing import CompareViewScreen
from app.tui.spans import Span, Spans, span
from app.tui.widgets.prompt import PromptLine

METRIC_CONTEXTS = ("everywhere", "list", "compare", "compare_metric")
VALUE_CONTEXTS = (*METRIC_CONTEXTS, "compare_value")
"""Of the views of one value of a metric; each has its own besides."""


class AskingScreen(CompareViewScreen):
    """Asks for a name in a prompt (``#choose``)."""

    _then: Callable[[str], None] | None = None
    """What the prompt was opened for."""

    async def ask_for(self, hint: str, names: Sequence[str], then: Callable[[str], None]) -> None:
        """Ask for one of some names; ``then`` is called with what was typed."""
        self._then = then
        prompt = self.query_one("#choose", PromptLine)
        prompt.completed = lambda text: find(text, names)
        await prompt.open("", f"{hint}; Tab completes")

    def on_prompt_line_entered(self, message: PromptLine.Entered) -> None:
        if self._then is not None:
            self._then(message.text.strip())


class MetricViewScreen(AskingScreen):
    """One metric, chosen by its name (``#choose``) or one after the other."""

    by_summary: ClassVar[bool] = True
    """Whether it is shown by one value: last, min, max, mean."""

    @property
    def metrics(self) -> list[str]:
        """The metrics that there are."""
        return self.made("metrics", lambda: metric_keys(self.runs))

    @property
    def metric(self) -> str:
        """The one that is shown; empty where there is none."""
        metrics = self.metrics
        return self.look.metric if self.look.metric in metrics else next(iter(metrics), "")

    def about_view(self) -> Spans:
        if not self.metric:
            return ()
        which = Span(f" {self.look.summary}" if self.by_summary else "", "dim")
        return (span(self.metric, "strong"), which)

    def empty_words(self) -> str:
        if self.runs and not self.metric:
            return "None of these runs has logged a metric."
        return super().empty_words()

    def metric_chosen(self) -> None:
        """Another metric, or another value of it, is to be shown."""
        self.show_about()
        self.ask_first()

    def _choose(self, metric: str) -> None:
        self.look.metric = metric
        self.metric_chosen()

    def action_next_metric(self) -> None:
        """The next metric."""
        self._turn(1)

    def action_previous_metric(self) -> None:
        """The metric before."""
        self._turn(-1)

    def _turn(self, step: int) -> None:
        metrics = self.metrics
        if len(metrics) < 2:
            self.dagtop.say("there is no other metric")
            return
        self._choose(metrics[(metrics.index(self.metric) + step) % len(metrics)])
        self.dagtop.say(f"{metrics.index(self.metric) + 1} of {len(metrics)}: {self.metric}")

    def action_summary(self) -> None:
        """Another value of the metric."""
        if not self.by_summary:
            self.dagtop.say("all points are shown here")
            return
        names = list(SUMMARIES)
        self.look.summary = names[(names.index(self.look.summary) + 1) % len(names)]
        self.dagtop.say(f"the {self.look.summary} value of {self.metric or 'a metric'}")
        self.metric_chosen()

    async def action_choose_metric(self) -> None:
        """Ask which metric."""
        await self.ask_for("name of a metric, or a part of it", self.metrics, self._named)

    def _named(self, text: str) -> None:
        found = find(text, self.metrics) if text else []
        if found:
            self._choose(found[0])
        elif text:
            self.dagtop.say(f"no metric is called {text}", "warning")
