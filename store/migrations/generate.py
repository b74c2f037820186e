"""Write the migration from the newest revision to ``store.models``, to be read and kept.

``python -m store.migrations.generate 0002 adds_owner_to_dag``
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from alembic import command
from sqlalchemy.types import TypeDecorator

from store.engine import open_file
from store.migrations import alembic_config
from store.models import know_postgresql


def main(revision: str, name: str) -> None:
    """Write ``versions/<revision>_<name>.py``."""
    know_postgresql()
    with tempfile.TemporaryDirectory() as folder:
        store = open_file(Path(folder) / "dagtop.db", create=True)
        with store, store.write() as connection:
            config = alembic_config(connection)
            config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
            command.upgrade(config, "head")
            config.attributes["render_item"] = plain_type
            command.revision(config, name.replace("_", " "), autogenerate=True, rev_id=revision)


def plain_type(kind: str, item: Any, context: Any) -> str | bool:
    """How a migration names a type: not by our classes, which may change later."""
    if kind == "type" and isinstance(item, TypeDecorator):
        return f"sa.{type(item.impl_instance).__name__}()"
    return False


if __name__ == "__main__":
    main(*sys.argv[1:])
