"""The real app in a real terminal that walks to every screen and dialog by itself.

``python -m tests.app.tui.walker WORKSPACE FOLDER``: what is shown goes to the terminal, as the UI
writes it; what can be exported is written to the folder. Prints nothing of its own.
"""

from __future__ import annotations

import re
import sys
from datetime import UTC
from pathlib import Path
from typing import Any

from app.tui.application import DagtopApp
from app.tui.driver import FrameDriver
from app.tui.screens.base import DagtopScreen
from app.tui.screens.export import screen_exports
from store.workspace import Workspace
from tests.app.tui.everywhere import EVERYWHERE, go, go_back, quiet
from tests.app.tui.world import NOW

UNSAFE = re.compile(
    "[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f\\u061c\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069]"
)
"""What neither the screen nor a file that is written may hold."""
PICTURES = ("dags", "grid info", "graph", "log", "run failed")


def write_exports(app: DagtopApp, folder: Path, name: str) -> None:
    """Everything that ``E`` offers here."""
    screen = app.screen
    if not isinstance(screen, DagtopScreen):
        return
    as_text, as_picture = screen_exports(app, name)
    pictures = [as_picture] if name in PICTURES else []  # they take long
    for number, one in enumerate([*screen.exports(), as_text, *pictures]):
        stem = name.replace(" ", "-")
        made = one.make()
        if isinstance(made, str):  # Parquet holds what there is, and no terminal reads it
            path = folder / f"{stem}-{number}.{one.suffix}"
            path.write_text(made, encoding="utf-8")


def leaks(app: DagtopApp) -> list[str]:
    """Text on screen that no terminal should get, before the driver sees it."""
    strips = app.screen._compositor.render_strips()
    texts = ("".join(segment.text for segment in strip) for strip in strips)
    return [repr(text) for text in texts if UNSAFE.search(text)]


def main() -> int:
    app = DagtopApp(
        Workspace(Path(sys.argv[1])), clock=lambda: NOW, zone=UTC, driver_class=FrameDriver
    )
    folder = Path(sys.argv[2])

    found: list[str] = []

    async def walk(_: Any) -> None:
        await quiet(app)
        for name, way in EVERYWHERE.items():
            await go(app, way)
            write_exports(app, folder, name)
            found.extend(f"{name}: {text}\n" for text in leaks(app))
        await go_back(app)
        (folder / "leaks.txt").write_text("".join(found), encoding="utf-8")
        app.exit(0)

    app.run(auto_pilot=walk)
    return app.return_code or 0


if __name__ == "__main__":
    sys.exit(main())
