"""The tables of README.md that are made from the code; ``make docs`` writes them anew.

A table stands between ``<!-- NAME -->`` and ``<!-- end of NAME -->``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from app import settings
from app.cli.exit_codes import MEANINGS
from app.cli.reference import commands_table
from app.tui.actions import keys_table
from store import config
from store.workspace import Workspace

README = Path(__file__).resolve().parents[1] / "README.md"


def settings_table() -> str:
    """Every setting of ``dagtop.toml``: section, key, default, environment variable, meaning."""
    rows = ["| setting | default | environment | meaning |", "|---|---|---|---|"]
    nowhere = Workspace(Path("/nonexistent"))
    ours = settings.describe(nowhere, environment={}, user=nowhere.config_file)
    for one in [*config.describe(nowhere, environment={}), *ours]:
        default = f"`{one.default}`" if one.default != "" else "empty"
        rows.append(
            f"| `[{one.section}]` `{one.key}` | {default} | `{one.variable}` | {one.description} |"
        )
    return "\n".join(rows) + "\n"


def exit_codes_table() -> str:
    """Every exit code of the command line."""
    rows = ["| code | meaning |", "|---|---|"]
    rows += [f"| {code.value} | {meaning} |" for code, meaning in MEANINGS.items()]
    return "\n".join(rows) + "\n"


TABLES: dict[str, Callable[[], str]] = {
    "commands": commands_table,
    "keys": keys_table,
    "settings": settings_table,
    "exit codes": exit_codes_table,
}


def with_current_tables(text: str) -> str:
    """The text with every table made anew. Raises ``ValueError`` where one has no place."""
    for name, make in TABLES.items():
        pattern = re.compile(f"(<!-- {name} -->\n).*?(<!-- end of {name} -->)", re.DOTALL)
        table = make()
        text, places = pattern.subn(lambda found, new=table: f"{found[1]}{new}{found[2]}", text)
        if places != 1:
            raise ValueError(f"README.md has {places} places for the table {name!r}, not one")
    return text


def main() -> None:
    old = README.read_text(encoding="utf-8")
    new = with_current_tables(old)
    if new == old:
        print("README.md: the tables are current")
        return
    README.write_text(new, encoding="utf-8")
    print("README.md: the tables were written anew")


if __name__ == "__main__":
    main()
