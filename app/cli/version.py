"""``dagtop version``."""

from __future__ import annotations

from app.cli.groups import group
from app.cli.output import print_json, say
from app.cli.session import JsonOption

app = group("Show the version.")

UNKNOWN = "unknown"


def installed_version(distribution: str = "dagtop") -> str:
    """The version of an installed distribution, or ``unknown``."""
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as version_of

    try:
        return version_of(distribution)
    except PackageNotFoundError:
        return UNKNOWN


@app.command("version")
def version(json: JsonOption = False) -> None:
    """Show the version of dagtop."""
    import platform

    facts = {"dagtop": installed_version(), "python": platform.python_version()}
    if json:
        print_json(facts)
    else:
        say(f"dagtop {facts['dagtop']} (Python {facts['python']})")
