"""The command line of dagtop. ``main`` is its entry."""

from __future__ import annotations


def main() -> None:
    """Run the command line with the arguments of this process, and exit."""
    from app.cli.root import run

    run()
