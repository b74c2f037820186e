"""Pictures of the terminal UI: the real program in a pseudo-terminal, as SVG and PNG.

    python screenshots/make.py --workspace demo --out screenshots

Each scene is a size and some keys. The program runs as a person would run it; what it writes is
read by a terminal emulator (pyte), and the emulated screen is drawn: as SVG by Rich, as PNG by
Pillow with DejaVu Sans Mono. Needs ``pip install dagtop[dev]``.
"""

from __future__ import annotations

import argparse
import fcntl
import io
import os
import pty
import re
import select
import signal
import struct
import sys
import tempfile
import termios
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pyte
from PIL import Image, ImageDraw, ImageFont
from rich.console import Console
from rich.style import Style
from rich.terminal_theme import TerminalTheme
from rich.text import Text

ROOT = Path(__file__).resolve().parents[1]
FONTS = (
    "/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf",
    "/System/Library/Fonts/Menlo.ttc",
)
BOLD_FONTS = ("/usr/share/fonts/truetype/dejavu/DejaVuSansMono-Bold.ttf",)
FOREGROUND, BACKGROUND = "#c8d0f0", "#1a1b26"
NOT_PYTE = re.compile(rb"\x1b\[[<>=][0-9;]*[a-z]|\x1b\[\?[0-9;]*\$p")
"""Sequences that pyte trips over."""

ANSI = {
    "black": "#15161e",
    "red": "#f7768e",
    "green": "#9ece6a",
    "brown": "#e0af68",
    "yellow": "#e0af68",
    "blue": "#7aa2f7",
    "magenta": "#bb9af7",
    "cyan": "#7dcfff",
    "white": "#c0caf5",
    "brightblack": "#565f89",
}


@dataclass(frozen=True)
class Scene:
    """A picture: keys pressed one after another, ``wait:1`` waits a second."""

    name: str
    keys: tuple[str, ...] = ()


KEYS = {
    "enter": b"\r",
    "escape": b"\x1b",
    "tab": b"\t",
    "space": b" ",
    "down": b"\x1b[B",
    "up": b"\x1b[A",
    "left": b"\x1b[D",
    "right": b"\x1b[C",
    "end": b"\x1b[F",
    "home": b"\x1b[H",
}


def typed(text: str) -> tuple[str, ...]:
    """The keys of a text in the line of jumps."""
    return (":", text, "enter", "wait:1")


PLACE = typed("dags")
RECOMMENDATION = typed("dag recommendation")
SWEEP = typed("dag elasticnet_sweep")
DIGITS = typed("dag digits_training")
FAILS = typed("dag fails_on_purpose")
TRIALS = (*PLACE, "P", "/", "dag:elasticnet_sweep task:train", "enter", "wait:1")
TRAININGS = (*PLACE, "P", "/", "dag:digits_training task:train*", "enter", "wait:1")
MARKED = ("space",) * 6
"""To pipelines of the demo."""

SCENES = (
    Scene("home", (*PLACE, "1")),
    Scene("dags", PLACE),
    Scene("runs", (*PLACE, "3")),
    Scene("tasks", (*PLACE, "I")),
    Scene("xcoms", (*PLACE, "4")),
    Scene("variables", (*PLACE, "5")),
    Scene("pools", (*PLACE, "7")),
    Scene("assets", (*PLACE, "8")),
    Scene("dependencies", (*PLACE, "8", "X", "wait:1")),
    Scene("system", (*PLACE, "9")),
    Scene("events", (*PLACE, "0")),
    Scene("trigger", (*PLACE, "G", "t")),
    Scene("help", (*PLACE, "?")),
    Scene("palette", (*RECOMMENDATION, "ctrl+p")),
    Scene("grid", (*RECOMMENDATION, "down", "down")),
    Scene("unfolded", (*SWEEP, "z", "wait:1", "down", "space", "space")),
    Scene("graph", (*RECOMMENDATION, "2", "j")),
    Scene("gantt", (*RECOMMENDATION, "4", "j", "j")),
    Scene("trends", (*SWEEP, "5")),
    Scene("calendar", (*FAILS, "6")),
    Scene("hours", (*FAILS, "6", "z")),
    Scene("details", (*RECOMMENDATION, "7")),
    Scene("diff", (*SWEEP, "8", "D")),
    Scene("instance", (*FAILS, "j", "i")),
    Scene("clear", (*FAILS, "j", "c")),
    Scene("retry", (*SWEEP, "e")),
    Scene("backfill", (*SWEEP, "B", "2026-11-10", "tab", "2026-11-12", "wait:1")),
    Scene("backfills", (*SWEEP, "0")),
    Scene("schedule", (*SWEEP, "@")),
    Scene("run", (*FAILS, "r")),
    Scene("instances", (*SWEEP, "enter")),
    Scene("log", (*FAILS, "j", "enter", "wait:1")),
    Scene("merged", (*FAILS, "M")),
    Scene("templates", (*typed("dag bash_example"), "down", "enter", "3")),
    Scene("commands", (*typed("dag bash_example"), "down", "enter", "6")),
    Scene("experiments", (*TRIALS, "l", "l", "l", "l", "l", "s", "wait:1")),
    Scene("tracked", (*TRAININGS, "enter", "wait:1")),
    Scene("charts", (*TRAININGS, "enter", "3", "wait:1")),
    Scene("compare", (*TRIALS, *MARKED, "c", "wait:1", "d")),
    Scene("curves", (*TRAININGS, *MARKED, "c", "2", "wait:1")),
    Scene("parallel", (*TRIALS, *MARKED, *MARKED, "c", "4", "wait:1")),
    Scene("importance", (*TRIALS, *MARKED, *MARKED, *MARKED, "c", "9", "wait:3")),
    Scene("resources", (*DIGITS, "down", "enter", "5")),
)
LIGHT = {"DAGTOP_THEME": "light"}
THEMED = (
    ("grid-light", LIGHT, (*RECOMMENDATION, "down", "down")),
    ("home-light", LIGHT, (*PLACE, "1")),
    ("gantt-contrast", {"DAGTOP_THEME": "contrast"}, (*RECOMMENDATION, "4", "j", "j")),
    ("graph-deuteranopia", {"DAGTOP_THEME": "deuteranopia"}, (*FAILS, "2")),
    ("log-plain", {"DAGTOP_THEME": "plain"}, (*FAILS, "j", "enter", "wait:1")),
)
"""Pictures in other themes."""


class Terminal:
    """The program under a pseudo-terminal with an emulated screen."""

    def __init__(
        self,
        command: list[str],
        size: tuple[int, int],
        environment: dict[str, str],
        folder: Path,
    ) -> None:
        self.screen = pyte.Screen(*size)
        self._stream = pyte.ByteStream(self.screen)
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            columns, rows = size
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            os.chdir(folder)
            os.execvpe(command[0], command, environment)

    def settle(self, quiet: float = 0.6, limit: float = 8.0) -> None:
        """Read until nothing was written for ``quiet`` seconds."""
        end = time.monotonic() + limit
        while time.monotonic() < end:
            ready, _, _ = select.select([self._fd], [], [], quiet)
            if not ready:
                return
            try:
                data = os.read(self._fd, 1 << 16)
            except OSError:
                return
            self._stream.feed(NOT_PYTE.sub(b"", data))

    def wait_for_paint(self, limit: float = 20.0) -> None:
        """Read until there is a footer and the first snapshot."""
        end = time.monotonic() + limit
        while time.monotonic() < end and (
            not self.screen.display[-1].strip() or "reading ..." in "".join(self.screen.display)
        ):
            self.settle(quiet=0.2)
        self.settle(quiet=1.0)

    def press(self, key: str) -> None:
        """Press a key, or wait."""
        if key.startswith("wait:"):
            self.settle(quiet=float(key[5:]), limit=float(key[5:]))
            return
        code = KEYS.get(key)
        if code is None and key.startswith("ctrl+"):
            code = bytes([ord(key[-1].upper()) & 0x1F])
        os.write(self._fd, code or key.encode())
        self.settle()

    def close(self) -> None:
        """End the program."""
        os.kill(self.pid, signal.SIGTERM)
        self.settle(quiet=0.3)
        os.waitpid(self.pid, 0)
        os.close(self._fd)


def colour(name: str, default: str) -> str:
    """A colour of pyte as ``#rrggbb``."""
    if name == "default":
        return default
    if re.fullmatch(r"[0-9a-f]{6}", name):
        return f"#{name}"
    return ANSI.get(name, ANSI.get(name.removeprefix("bright"), default))


def cell_colours(char: pyte.screens.Char) -> tuple[str, str]:
    """Foreground and background of a cell."""
    front, back = colour(char.fg, FOREGROUND), colour(char.bg, BACKGROUND)
    return (back, front) if char.reverse else (front, back)


def as_png(screen: pyte.Screen, path: Path, size: int = 16) -> None:
    """Draw the screen, one cell after another."""
    plain = _font(FONTS, size)
    bold = _font(BOLD_FONTS, size) if Path(BOLD_FONTS[0]).exists() else plain
    width = round(plain.getlength("M"))
    height = round(size * 1.3)
    margin = 12
    image = Image.new(
        "RGB",
        (screen.columns * width + 2 * margin, screen.lines * height + 2 * margin),
        cell_colours(screen.buffer[screen.lines // 2][screen.columns - 1])[1],
    )
    draw = ImageDraw.Draw(image)
    for y in range(screen.lines):
        for x in range(screen.columns):
            char = screen.buffer[y][x]
            front, back = cell_colours(char)
            left, top = margin + x * width, margin + y * height
            cells = 2 if x + 1 < screen.columns and screen.buffer[y][x + 1].data == "" else 1
            if char.data == "":
                continue
            draw.rectangle((left, top, left + cells * width - 1, top + height - 1), fill=back)
            if block := BLOCKS.find(char.data) + 1:
                filled = round(height * block / 8)
                draw.rectangle(
                    (left, top + height - filled, left + width - 1, top + height - 1), fill=front
                )
            elif "\u2800" <= char.data <= "\u28ff":
                draw_dots(draw, char.data, (left, top, width, height), front)
            elif char.data.strip():
                font = bold if char.bold else plain
                draw.text((left, top + 1), char.data, font=font, fill=front)
    image.save(path)


BLOCKS = "▁▂▃▄▅▆▇█"
DOTS = ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3))
"""Column and row of each bit of a braille character."""


def draw_dots(
    draw: ImageDraw.ImageDraw, data: str, cell: tuple[int, int, int, int], colour: str
) -> None:
    """A braille character, which the font lacks: charts are drawn with them."""
    left, top, width, height = cell
    across, down = width / 2, height / 4
    side = max(2, round(min(across, down) * 0.6))
    for bit, (column, row) in enumerate(DOTS):
        if (ord(data) - 0x2800) >> bit & 1:
            x = round(left + column * across + (across - side) / 2)
            y = round(top + row * down + (down - side) / 2)
            draw.ellipse((x, y, x + side - 1, y + side - 1), fill=colour)


def _font(names: tuple[str, ...], size: int) -> ImageFont.FreeTypeFont:
    for name in names:
        if Path(name).exists():
            return ImageFont.truetype(name, size)
    raise SystemExit(f"none of the fonts is there: {', '.join(names)}")


def as_svg(screen: pyte.Screen, path: Path, title: str) -> None:
    """Write the screen with Rich's SVG export."""
    console = Console(
        record=True,
        width=screen.columns,
        height=screen.lines,
        file=io.StringIO(),
        force_terminal=True,
        color_system="truecolor",
        legacy_windows=False,
    )
    for y in range(screen.lines):
        line = Text(end="")
        for x in range(screen.columns):
            char = screen.buffer[y][x]
            front, back = cell_colours(char)
            line.append(char.data, Style(color=front, bgcolor=back, bold=char.bold))
        console.print(line, no_wrap=True, overflow="crop", soft_wrap=True)
    theme = TerminalTheme((26, 27, 38), (200, 208, 240), [(0, 0, 0)] * 8)
    path.write_text(console.export_svg(title=title, theme=theme), encoding="utf-8")


def take(
    workspace: Path, scene: Scene, size: tuple[int, int], out: Path, extra: dict[str, str]
) -> Path:
    """Take one picture."""
    start = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); from pathlib import Path; "
        "from store.workspace import Workspace; from app.tui import run; "
        f"sys.exit(run(Workspace(Path({str(workspace)!r}))))"
    )
    with tempfile.TemporaryDirectory() as state:  # what was looked at last is of no account
        _draw(start, workspace, scene, size, out, {"XDG_STATE_HOME": state, **extra})
    return out / f"{scene.name}-{size[0]}x{size[1]}.png"


def _draw(
    start: str,
    workspace: Path,
    scene: Scene,
    size: tuple[int, int],
    out: Path,
    extra: dict[str, str],
) -> None:
    environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", **extra}
    environment.setdefault("LANG", "C.UTF-8")
    # so that commands for the shell begin with "dagtop" alone
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment.get('PATH', '')}"
    terminal = Terminal([sys.executable, "-P", "-c", start], size, environment, workspace)
    try:
        terminal.wait_for_paint()
        for key in scene.keys:
            terminal.press(key)
        name = f"{scene.name}-{size[0]}x{size[1]}"
        as_png(terminal.screen, out / f"{name}.png")
        as_svg(terminal.screen, out / f"{name}.svg", f"dagtop: {scene.name}")
    finally:
        terminal.close()


def main() -> None:
    """Take all pictures, or the one that the arguments describe."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--workspace", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=ROOT / "screenshots")
    parser.add_argument("--size", action="append", help="COLUMNSxROWS; default 80x24 and 120x40")
    parser.add_argument("--scene", help="a name for the picture that --keys leads to")
    parser.add_argument("--keys", default="", help="keys with blanks between them")
    parser.add_argument("--env", action="append", default=[], help="NAME=value")
    parser.add_argument("--only", action="append", help="one of the pictures; may be repeated")
    parser.add_argument("--jobs", type=int, default=3, help="pictures at a time")
    arguments = parser.parse_args()
    sizes = [tuple(map(int, s.split("x"))) for s in arguments.size or ("80x24", "120x40")]
    scenes = SCENES
    if arguments.scene:
        scenes = (Scene(arguments.scene, tuple(arguments.keys.split())),)
    extra = dict(pair.split("=", 1) for pair in arguments.env)
    arguments.out.mkdir(parents=True, exist_ok=True)
    wanted = [(scene, extra) for scene in scenes]
    if not arguments.scene:
        wanted += [(Scene(name, keys), {**extra, **theme}) for name, theme, keys in THEMED]
    if arguments.only:
        wanted = [one for one in wanted if one[0].name in arguments.only]
    jobs = [(*one, (columns, rows)) for one in wanted for columns, rows in sizes]
    workspace, out = arguments.workspace.resolve(), arguments.out.resolve()

    def draw(job: tuple[Scene, dict[str, str], tuple[int, int]]) -> Path:
        scene, environment, size = job
        return take(workspace, scene, size, out, environment)

    with ThreadPoolExecutor(arguments.jobs) as pool:  # it waits more than it works
        for path in pool.map(draw, jobs):
            print(path, flush=True)


if __name__ == "__main__":
    main()
