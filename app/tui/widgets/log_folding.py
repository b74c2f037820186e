"""A pager that folds ``::group::`` … ``::endgroup::``: of a folded group only the heading is shown.

Where a filter or a time range chooses the lines, and in merged logs, nothing is folded away.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from textual import events

from app.tui.formats import plural
from app.tui.models.log_groups import group_of
from app.tui.models.log_painting import Paint
from app.tui.widgets.log_file import LogFile
from app.tui.widgets.log_folds import (
    MOST_FOLDS,
    OPEN,
    Fold,
    Folds,
    Tail,
    all_folds,
    fold_under,
    group_around,
)
from app.tui.widgets.log_lines import FileLines
from app.tui.widgets.log_pager import LogPager
from app.tui.widgets.log_search import Job


class FoldingPager(LogPager, can_focus=True):
    """Leaves out what is folded away. A group is named by where its heading starts."""

    def __init__(self, *, widget_id: str | None = None) -> None:
        super().__init__(widget_id=widget_id)
        self.folds = Folds()

    @property
    def can_fold(self) -> bool:
        """Whether all lines of one log are shown, but for what is folded away."""
        source = self.source
        if not isinstance(source, FileLines) or source.filtered:
            return False
        return (source.low, source.high) == (0, source.size)

    def paint(self) -> Paint:
        """As of any log; headings have a sign where they can be folded."""
        return replace(super().paint(), folds=isinstance(self.source, FileLines))

    def _hiding(self, place: int | None) -> Fold | None:
        if place is None or not self.folds or not self.can_fold:
            return None
        return self.folds.hiding(place)

    def _after(self, place: int) -> int | None:
        following = super()._after(place)
        fold = self._hiding(following)
        if fold is None:
            return following
        return None if fold.end == OPEN else super()._after(fold.end - 1)

    def _before(self, place: int | None) -> int | None:
        return self._up(super()._before(place))

    def _at(self, spot: Any) -> int | None:
        return self._up(super()._at(spot))

    def _up(self, place: int | None) -> int | None:
        """The place, or that of the heading under which it is folded away."""
        fold = self._hiding(place)
        return place if fold is None else super()._before(fold.begin)

    def _folded(self, place: int) -> int | None:
        if not self.folds or not self.can_fold:
            return None
        fold = self.folds.under(self.source.file.line(place)[1])
        if fold is None:
            return None
        return -1 if fold.end == OPEN else fold.lines

    # folding

    def groups_here(self, then: Callable[[list[tuple[int, int]]], None]) -> None:
        """Hand over the groups that may be meant, as rows and headings: that of the match, or of
        the other end of what is marked; else that of the first line and all headings in view."""
        place = self.marked[1] if self.marked is not None else self._place_of_match()
        alone = place is not None
        if place is None and self._rows:
            place = self._rows[0].place
        if place is None or not self.can_fold:
            then([])
            return
        meant = place

        def work(source: Any, job: Job) -> int | None:
            file: LogFile = source.file
            found = group_of(file.line(meant)[0])
            return meant if found is not None and found[0] else group_around(file, meant, job)

        def found(heading: int | None) -> None:
            groups = {one: y for y, one in self.headings()}
            if heading is not None and alone:
                groups = {heading: 0}
            elif heading is not None:
                groups.setdefault(heading, 0)
            then(sorted((y, one) for one, y in groups.items()))

        self.jobs.start("fold", "looking for the group", self.source, work, found, glances=True)

    def _place_of_match(self) -> int | None:
        """The line with the match, if it is in view."""
        return None

    def headings(self) -> list[tuple[int, int]]:
        """The rows with headings that can be folded, and where these start."""
        if not self.can_fold:
            return []
        rows = [(y, row.place) for y, row in enumerate(self._rows) if not row.part]
        groups = [(y, place, group_of(self.source.line(place))) for y, place in rows]
        return [(y, place) for y, place, group in groups if group is not None and group[0]]

    def toggle_fold(self, heading: int) -> None:
        """Fold a group, or unfold it."""
        begin = self.source.file.line(heading)[1]
        folded = self.folds.under(begin)
        if folded is not None:
            followed, top = self.following, self._top
            self.folds.remove(folded)
            self._refolded()
            if followed and heading not in [place for _, place in self.headings()]:
                self.follow(False)  # what was unfolded is read from its heading on
                self._top = top
                self.layout_rows()
            return

        def work(source: Any, job: Job) -> tuple[Fold, Tail | None]:
            return fold_under(source.file, begin, job)

        def then(found: tuple[Fold, Tail | None]) -> None:
            self.folds.add(*found)
            self._refolded()
            self._look_on()

        self.jobs.start("fold", "folding", self.source, work, then, glances=True)

    def toggle_folds(self) -> None:
        """Unfold all groups; fold all, if none is folded."""
        if self.folds:
            self.folds.clear()
            self._refolded()
            return

        def work(source: Any, job: Job) -> Folds:
            return all_folds(source.file, job)

        def then(folds: Folds) -> None:
            self.folds = folds
            number = len(folds)
            if not number:
                self.dagtop.say("there is no ::group:: in this log")
            elif number == MOST_FOLDS:
                self.dagtop.say(f"the first {number:,} groups are folded", "warning")
            else:
                self.dagtop.say(f"{plural(number, 'group')} folded")
            self._refolded()
            self._look_on()

        self.jobs.start("fold", "folding", self.source, work, then)

    def unfold_at(self, spot: Any) -> None:
        """Unfold the group that hides a spot, if one does."""
        fold = self._hiding(spot) if isinstance(spot, int) else None
        if fold is not None:
            self.folds.remove(fold)
            self._refolded()

    def _refolded(self) -> None:
        """What is folded is different: nothing that is hidden may be at the top, or be marked."""
        place, part = self._top
        if self._hiding(place) is not None:
            place, part = self._up(place), 0
        self._top = (place, part)
        if self.marked is not None:
            begin, end = self.marked
            shown = self._up(end)
            self.marked = (begin, end if shown is None else shown)
        if self.is_attached:
            self.repaint_lines()
            self.post_message(self.Changed())

    def _look_on(self) -> None:
        """Look for the end of the folded group that has none so far, in what is new."""
        tail, source = self.folds.tail, self.source
        if tail is None or self.jobs.get("tail") is not None:
            return
        begin = self.folds.last.begin

        def work(copy: Any, job: Job) -> tuple[int, Fold, Tail | None]:
            return (copy.size, *fold_under(copy.file, begin, job, tail))

        def then(found: tuple[int, Fold, Tail | None]) -> None:
            size, fold, rest = found
            if self.folds.tail is not tail:  # unfolded meanwhile
                return
            self.folds.remove(self.folds.last)
            self.folds.add(fold, rest)
            if fold.end != OPEN:
                self._refolded()
            elif size != self.source.size:
                self._look_on()

        self.jobs.start("tail", "", source, work, then)

    def begun_anew(self) -> None:
        self.folds.clear()
        self.post_message(self.Changed())

    def grown(self, size: int) -> None:
        self._look_on()

    def on_click(self, event: events.Click) -> None:
        """Fold the group whose heading is clicked, or unfold it."""
        for y, heading in self.headings():
            if y == event.y:
                self.toggle_fold(heading)
