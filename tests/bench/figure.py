"""A figure: what was measured beside what is to be reached."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure beside what is to be reached."""

    name: str
    measured: str
    reach: str
    reached: bool | None = None

    def line(self) -> str:
        mark = {True: "ok", False: "MISS", None: ""}[self.reached]
        return f"{self.name:<46} {self.measured:>16} {self.reach:>16}   {mark:<4}"
