"""A sensor that waits for a file."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from runner.authoring.sensors.base import BaseSensorOperator

if TYPE_CHECKING:
    from runner.authoring.xcom_arg import XComArg


class FileSensor(BaseSensorOperator):
    """Waits until ``filepath`` exists: a file, a folder with a file in it, or a glob pattern.

    ``recursive``: ``**`` in the pattern means folders at any depth. With ``fs_conn_id`` a relative
    path is taken from the ``path`` in that connection's extra.
    """

    template_fields = ("filepath",)
    ui_color = "#91818a"

    def __init__(
        self,
        *,
        filepath: str | XComArg,
        fs_conn_id: str | None = None,
        recursive: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.filepath: Any = filepath
        self.fs_conn_id = fs_conn_id
        self.recursive = recursive

    @property
    def path(self) -> str:
        """What is looked for."""
        if self.fs_conn_id is None:
            return self.filepath
        from runner.authoring.connection import BaseHook

        extra = BaseHook.get_connection(self.fs_conn_id).extra_dejson
        return os.path.join(extra.get("path", ""), self.filepath)

    def _awaited(self, context: Any) -> str:
        return f"file {os.path.abspath(self.path)}"

    def poke(self, context: Any) -> bool:
        from glob import iglob

        for path in iglob(self.path, recursive=self.recursive):
            if os.path.isfile(path):
                self.log.info("Found file %s", path)
                return True
            if any(files for _, _, files in os.walk(path)):
                self.log.info("Found files in %s", path)
                return True
        return False
