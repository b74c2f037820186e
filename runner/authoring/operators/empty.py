"""An operator that does nothing."""

from __future__ import annotations

from typing import Any

from runner.authoring.baseoperator import BaseOperator


class EmptyOperator(BaseOperator):
    """Does nothing: a place where edges meet. Without callbacks it needs no process."""

    ui_color = "#e8f7e4"
    inherits_from_empty_operator = True

    def execute(self, context: Any) -> None:
        return None
