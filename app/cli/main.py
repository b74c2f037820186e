"""The entry of the command line: ``dagtop.main`` calls it."""

from __future__ import annotations

from app.cli.root import run


def main() -> None:
    """Run the command line with the arguments of this process, and exit."""
    run()
