"""The part of a form that scrolls."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import BindingType
from textual.containers import VerticalScroll


class FieldScroll(VerticalScroll, inherit_bindings=False):
    """Fields below each other. Up and Down are the form's own, from field to field: a container
    that scrolls would take them first, and one would type into a field that is out of sight."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("pageup", "page_up", ""),
        ("pagedown", "page_down", ""),
    ]
