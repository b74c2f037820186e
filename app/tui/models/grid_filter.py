"""What the filter of the grid understands: words of task ids, conditions of runs. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from app.tui.filters import Facts, Term, parse
from app.tui.models.runs import chooses, wanted_of
from store.states import DagRunState, DagRunType

RUN_FACTS = [
    Facts("", fields={"run": [state.value], "type": [kind.value]})
    for state in DagRunState
    for kind in DagRunType
]
"""What the filter of the grid can ask of runs."""


@dataclass(frozen=True, slots=True)
class GridFilter:
    """What of a grid is seen: tasks by words, runs by conditions."""

    words: tuple[str, ...] = ()
    states: frozenset[DagRunState] = frozenset()
    """Of runs; none: all."""
    types: frozenset[DagRunType] = frozenset()
    trouble: str = ""
    """What of it nothing can pass, and what could."""

    @property
    def of_runs(self) -> bool:
        return bool(self.states or self.types)


def grid_filter(text: str) -> GridFilter:
    """Words of task ids; ``run:failed``, ``type:manual`` and ``!type:backfill`` choose runs."""
    words: list[str] = []
    terms: list[Term] = []
    trouble = ""
    for term in parse(text):
        if not term.field:
            words.append(term.value)
        elif term.field not in ("run", "type"):
            trouble = f"no key {term.field}: run, type"
        else:
            one = replace(term, field={"run": "state"}.get(term.field, term.field))
            values = [state.value for state in DagRunState]
            if term.field == "type":
                values = [kind.value for kind in DagRunType]
            if any(chooses(one, value) for value in values):
                terms.append(one)
            else:
                trouble = f"no {term.field} is {term.value}: {', '.join(values)}"
    wanted = wanted_of(None, "All", terms)
    return GridFilter(tuple(words), wanted.states, wanted.types, trouble)
