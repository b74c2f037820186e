"""What a screen with a log does about it: search, filter, errors, times, copying, saving."""

from __future__ import annotations

import codecs
import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual.geometry import Offset
from textual.widget import Widget

from app.tui.exporting import typed_path, working_folder
from app.tui.formats import plural
from app.tui.models.log_levels import LEVEL_NAMES, NONE
from app.tui.models.log_painting import ABSOLUTE, plain_lines
from app.tui.screens.base import DagtopScreen
from app.tui.screens.letters import LettersScreen
from app.tui.spans import Span, Spans, joined, span
from app.tui.widgets.chrome import InfoLine
from app.tui.widgets.dialogs import Choices, ConfirmDialog
from app.tui.widgets.log_filter import parse_filter
from app.tui.widgets.log_lines import FileLines
from app.tui.widgets.log_times import TimeRange, parse_range
from app.tui.widgets.log_view import LogView
from app.tui.widgets.prompt import PromptLine

if TYPE_CHECKING:
    from app.tui.widgets.log_search import Job

LEVELS = (NONE, *sorted(LEVEL_NAMES))
COPY_CAP = 80_000
"""Characters of marked lines that are read: more doesn't fit into the clipboard."""


@dataclass(slots=True)
class LogWishes:
    """How one wants to see a log: kept from try to try, and while another view is looked at."""

    filter: str = ""
    level: int = NONE
    needle: str = ""
    wrap: bool = False
    stamps: str = ABSOLUTE


class LogAsking(DagtopScreen):
    """A screen with a ``LogView``, the line about it and its prompts."""

    wishes: LogWishes
    time_range: TimeRange | None = None
    _asking = ""
    _missing = ""  # what was said last of what was not found

    def log_body(self) -> Iterable[Widget]:
        """The log and what belongs to it."""
        yield InfoLine(widget_id="looking")
        yield LogView(widget_id="main")
        yield PromptLine("/", widget_id="search")
        yield PromptLine("&", widget_id="filter")
        yield PromptLine("@", widget_id="range", stays=True)
        yield PromptLine("W", widget_id="save", stays=True)

    @property
    def view(self) -> LogView:
        return self.query_one("#main", LogView)

    def default_name(self) -> str:
        """The name of the file that is offered for saving."""
        raise NotImplementedError

    def log_end(self) -> datetime:
        """Where "the last 5 minutes" end: now, or when the try ended."""
        return self.dagtop.clock()

    def log_is_live(self) -> bool:
        """Whether more may come."""
        return True

    def log_path(self) -> Path | None:
        """The file that is shown."""
        return None

    def mounted(self) -> None:
        super().mounted()
        self.view.wrap, self.view.stamps = self.wishes.wrap, self.wishes.stamps
        self.view.needle = self.wishes.needle
        self.query_one("#looking").display = False

    def suspended(self) -> None:
        super().suspended()
        for view in self.query(LogView):
            view.timer.pause()

    def resumed(self) -> None:
        super().resumed()
        for view in self.query(LogView):
            view.timer.resume()

    # the lines above the log

    def show_status(self) -> None:
        """What follows, is filtered and was found."""
        if not self.is_there:
            return
        self.query_one("#title", InfoLine).right = self._status()
        left, right = self._filter_words(), self._search_words()
        line = self.query_one("#looking", InfoLine)
        line.display = bool(left or right)
        line.line = (Span(" "), *left) if left else ()
        line.right = right

    def _status(self) -> Spans:
        view, words = self.view, list[Span]()
        if view.marked is not None:
            words.append(Span("marking lines  ", "accent"))
        if view.stamps != ABSOLUTE:
            words.append(Span(f"{view.stamps}  ", "dim"))
        if view.folds and view.can_fold:
            words.append(Span(f"{len(view.folds):,} folded  ", "dim"))
        if view.wrap:
            words.append(Span("wrap  ", "dim"))
        if view.following:
            live = self.log_is_live()
            words.append(Span("following" if live else "end", "good" if live else "dim"))
        else:
            if view.new_lines is None:
                words.append(Span("+many lines  ", "warning"))
            elif view.new_lines:
                words.append(Span(f"+{plural(view.new_lines, 'line')}  ", "warning"))
            words.append(Span(f"{view.percent}%", "dim"))
        return tuple(words)

    def _filter_words(self) -> Spans:
        view, parts = self.view, list[Spans]()
        if self.wishes.filter:
            parts.append((Span("&", "key"), span(self.wishes.filter, "accent")))
        if self.wishes.level:
            words = f"{LEVEL_NAMES[self.wishes.level]} and above"
            parts.append((Span("L ", "key"), Span(words, "accent")))
        if self.time_range is not None:
            parts.append((Span("@ ", "key"), span(self.time_range.words, "accent")))
        source = view.source
        if source is not None and source.filtered:
            shown, total, done = source.counts()
            job = view.jobs.get("filter")
            words = filtered_words(shown, total, None if done or job is None else job.done)
            parts.append((Span(words, "dim"),))
        return joined(parts, Span("  "))

    def _search_words(self) -> Spans:
        view = self.view
        words: list[Span] = []
        for kind in ("save", "search", "fold"):
            job = view.jobs.get(kind)
            if job is not None:
                words.append(Span(f"{job.words} {job.done:.0%}, Esc ends it  ", "warning"))
        if not view.needle:
            return tuple(words)
        words.extend((Span("/", "key"), span(view.needle, "accent")))
        if view.tally is None and view.match is None and view.jobs.get("search") is None:
            words.append(Span("  not found", "warning"))
        elif view.tally is not None:
            ordinal = view.ordinal()
            more = "" if view.tally.complete else "+"
            total = f"{view.tally.total:,}{more}"
            if view.tally.total or view.tally.complete:
                which = f"  {ordinal:,} of {total}" if ordinal else f"  {total} found"
                words.append(Span(which, "dim"))
        return tuple(words)

    def on_log_pager_changed(self) -> None:
        self.show_status()

    def tick(self) -> None:
        super().tick()
        self.show_status()

    def step_back(self) -> bool:
        view, wishes = self.view, self.wishes
        if view.marked is not None:
            view.mark()
        elif view.jobs.cancel("search", "save", "fold"):
            self.dagtop.say("stopped")
        elif view.needle:
            wishes.needle = ""
            view.search("")
        elif wishes.filter or wishes.level or self.time_range is not None:
            wishes.filter, wishes.level, self.time_range = "", NONE, None
            self.show_filtered()
        else:
            return False
        self.show_status()
        return True

    # prompts

    async def _ask(self, kind: str, text: str, placeholder: str) -> None:
        self._asking = kind
        await self.query_one(f"#{kind}", PromptLine).open(text, placeholder)

    def on_prompt_line_entered(self, message: PromptLine.Entered) -> None:
        if self._asking == "search":
            self._searched(message.text)
        elif self._asking == "filter":
            self._filtered(message.text)
        else:
            wrong = {"range": self._ranged, "save": self._saving}[self._asking](message.text)
            if wrong:
                self.dagtop.say(wrong, "warning")
            else:
                self.query_one(f"#{self._asking}", PromptLine).close()

    # searching

    async def action_search(self) -> None:
        """Open the search."""
        await self._ask("search", self.view.needle, "words to search for")

    def _searched(self, text: str) -> None:
        self.wishes.needle = text
        self.view.search(text)

    def on_log_view_not_found(self, message: LogView.NotFound) -> None:
        self._missing = message.words
        self.dagtop.say(message.words, "warning")

    def on_log_view_found(self) -> None:
        self.footer.unsay((span(self._missing, "warning"),))

    def action_next_match(self) -> None:
        """To the next match."""
        self._go_to_match(backwards=False)

    def action_previous_match(self) -> None:
        """To the match before."""
        self._go_to_match(backwards=True)

    def _go_to_match(self, *, backwards: bool) -> None:
        if not self.view.needle:
            self.dagtop.say("nothing is searched for: / searches")
        else:
            self.view.find_next(backwards=backwards)

    def action_next_error(self) -> None:
        """To the next error."""
        self.view.find_error()

    def action_previous_error(self) -> None:
        """To the error before."""
        self.view.find_error(backwards=True)

    # what is shown

    async def action_filter(self) -> None:
        """Open the filter."""
        await self._ask("filter", self.wishes.filter, 'words  !not  "two words"  level:warning')

    def _filtered(self, text: str) -> None:
        self.wishes.filter = text.strip()
        self.show_filtered()

    def action_level(self) -> None:
        """The next least level."""
        self.wishes.level = LEVELS[(LEVELS.index(self.wishes.level) + 1) % len(LEVELS)]
        self.show_filtered()
        if not self.wishes.level:
            self.dagtop.say("lines of all levels")

    async def action_range(self) -> None:
        """Ask for a range of times."""
        text = "" if self.time_range is None else self.time_range.words
        await self._ask("range", text, "last 5m  since 10:30  10:30-10:45  (empty: all)")

    def _ranged(self, text: str) -> str:
        """Show the lines of that time; what is wrong with it, if something is."""
        if not text.strip():
            self.time_range = None
            self.show_filtered()
            return ""
        zone = self.dagtop.zone
        wanted = parse_range(text, self.log_end(), zone, self.view.origin)
        if wanted is None:
            return "write: last 5m, since 10:30, until 10:45, or 10:30-10:45"
        before, self.time_range = self.time_range, wanted
        if not self.show_filtered():
            self.time_range = before
            self.show_status()
            return f"no line is of that time: {wanted.words}"
        return ""

    def show_filtered(self) -> bool:
        """Filter by what is wished; False, and nothing is different, if no line is of the time."""
        source = self.view.source
        if source is None:
            return False
        bounds = None
        if self.time_range is not None:
            bounds = source.bounds(self.view.paint().clock, self.time_range)
            if bounds is None:
                return False
        self.view.filter(parse_filter(self.wishes.filter, self.wishes.level), bounds)
        self.show_status()
        return True

    def action_follow(self) -> None:
        """Follow the end, or stay here."""
        self.view.follow(not self.view.following)

    def action_wrap(self) -> None:
        """Wrap long lines, or cut them."""
        self.view.toggle_wrap()
        self.wishes.wrap = self.view.wrap

    def action_fold(self) -> None:
        """Fold the group here, or unfold it; where it may be one of several, ask by letters."""
        if self._can_fold():
            self.view.groups_here(self._fold_one)

    def _can_fold(self) -> bool:
        if self.view.can_fold or self.view.source is None:
            return self.view.source is not None
        alone = isinstance(self.view.source, FileLines)
        words = "while a filter is on: Esc clears it" if alone else "in merged logs, only in one"
        self.dagtop.say(f"groups don't fold {words}")
        return False

    def _fold_one(self, groups: list[tuple[int, int]]) -> None:
        view = self.view
        if not groups:
            self.dagtop.say("there is no ::group:: here")
        elif len(groups) == 1:
            view.toggle_fold(groups[0][1])
        elif self.is_current:
            corner = view.content_region.offset
            places = {corner + Offset(0, y): heading for y, heading in groups}

            waits = "type the letter of the group to fold or unfold; Esc leaves"

            def then(place: Offset | None) -> None:
                self.footer.unsay((span(waits, "accent"),))
                if place is not None:
                    view.toggle_fold(places[place])

            self.dagtop.say(waits, "accent")
            self.app.push_screen(LettersScreen(list(places), "no group here"), then)

    def action_fold_all(self) -> None:
        """Fold all groups of the log, or unfold all."""
        if self._can_fold():
            self.view.toggle_folds()

    def action_stamps(self) -> None:
        """Another way to show times."""
        self.wishes.stamps = self.view.next_stamps()
        self.show_status()

    # copying and saving

    def action_mark_lines(self) -> None:
        """Begin to mark lines, or stop it."""
        self.view.mark()
        if self.view.marked is None and not self.view.current_line():
            self.dagtop.say("there is no line to mark")
        self.show_status()

    def action_copy(self) -> None:
        """Copy the marked lines, else the line with the match, else the first visible one."""
        view = self.view
        if view.marked is not None:
            lines = view.marked_lines(COPY_CAP)
            text = "\n".join(lines) + "\n"
            if len(text) > COPY_CAP:
                self.dagtop.say(
                    "what is marked is too much for the clipboard: W saves what is shown", "warning"
                )
                return
            view.mark()
            self.show_status()
            self.dagtop.copy(text, "the line" if len(lines) == 1 else f"{len(lines):,} lines")
            return
        line = view.current_line()
        if line:
            self.dagtop.copy(line, "the line")
        else:
            self.dagtop.say("there is no line to copy")

    def action_copy_path(self) -> None:
        """Copy the path of the log file."""
        path = self.log_path()
        if path is not None:
            self.dagtop.copy(str(path), "the path")

    async def action_save(self) -> None:
        """Ask where to write what is shown."""
        if self.view.source is None or not self.view.source.exists:
            self.dagtop.say("there is no log to save")
            return
        await self._ask("save", str(working_folder() / self.default_name()), "path of a file")

    def _saving(self, text: str) -> str:
        """Save what is shown, perhaps after asking; what is wrong with the path, if anything."""
        if not text.strip():
            return ""
        try:
            path, found = typed_path(text.strip())
            if found == "a folder":
                path, found = typed_path(str(path / self.default_name()))
            wrong = folder_problem(path.parent)
        except OSError as error:
            return f"that name can't be used: {error.strerror}"
        except ValueError:
            return "that name can't be used: a NUL is in it"
        if found in ("a folder", "no file"):
            return f"{path} is {found}"
        if wrong:
            return wrong
        if found == "nothing":
            self._save(path)
            return ""

        def then(choices: Choices | None) -> None:
            if choices is not None:
                self._save(path)
            else:
                self.dagtop.say("nothing was saved")

        lines = [(span(str(path)),), (Span("exists already; saving replaces it", "dim"),)]
        self.app.push_screen(ConfirmDialog("Save the log", lines, "replace the file"), then)
        return ""

    def _save(self, path: Path) -> None:
        self.view.jobs.start(
            "save", "saving", self.view.source, partial(write_lines, path=path), self._saved(path)
        )
        self.show_status()

    def _saved(self, path: Path) -> Any:
        def then(result: int | str) -> None:
            if isinstance(result, str):
                self.dagtop.say(result, "error")
            else:
                self.dagtop.say(f"saved {result:,} lines to {path}", "good")
            self.show_status()

        return then


def folder_problem(folder: Path) -> str:
    """Why no file can be made in a folder; empty: it can."""
    if not folder.exists():
        return f"there is no folder {folder}"
    if not folder.is_dir():
        return f"{folder} is no folder"
    return "" if os.access(folder, os.W_OK | os.X_OK) else f"{folder} can't be written to"


def write_lines(source: Any, job: Job, path: Path) -> int | str:
    """Write what is shown as plain text: how many lines, or what is wrong.

    The file appears when it is complete: what was cancelled leaves nothing.
    """
    beside = path.with_name(f".dagtop-{os.getpid()}")
    lines = 0
    try:
        with beside.open("w", encoding="utf-8", errors="replace") as out:
            decode = codecs.getincrementaldecoder("utf-8")("replace").decode
            text = "\n"
            for place, data in source.texts():
                if job.cancelled:
                    break
                text = plain_lines(decode(data)) or text
                out.write(text)
                lines += text.count("\n")
                job.done = source.share(place)
            if not text.endswith("\n"):
                out.write("\n")
                lines += 1
        if job.cancelled:
            beside.unlink()
            return "stopped"
        beside.replace(path)
    except OSError as error:
        with suppress(OSError):
            beside.unlink()
        return f"can't write {path}: {error.strerror}"
    return lines


def filtered_words(shown: int, total: int, done: float | None) -> str:
    """How many lines pass a filter; while it is at work (``done`` is its share) of how many isn't
    known yet."""
    if done is None:
        return f"{shown:,} of {total:,} lines"
    return f"{plural(shown, 'line')} so far  filtering {done:.0%}"
