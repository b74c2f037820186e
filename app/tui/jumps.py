"""What ``:`` understands, and how it is completed. Pure: what there is comes in as ``Known``."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app.text import sanitize

QUIT, HELP = ("q", "quit"), ("?", "help")
DEPENDENCIES, TRACKED, COMPARE = "dependencies", "tracked", "compare"
ALIASES: Mapping[str, str] = {
    "var": "variables",
    "variable": "variables",
    "vars": "variables",
    "conn": "connections",
    "connection": "connections",
    "conns": "connections",
    "pool": "pools",
    "asset": "assets",
    "xcom": "xcoms",
    "event": "events",
    "experiment": "experiments",
    "exps": "experiments",
    "audit": "events",
    "task": "tasks",
    "instances": "tasks",
    "deps": DEPENDENCIES,
    "backfill": "backfills",
    "tree": "grid",
}
"""What people call views besides their names: what the tabs say where there is little room, what
there is one of, the usual short forms."""
_INDEXED = re.compile(r"(?P<task>.+)\[(?P<index>\d+)\]$")
_INDEX_BEGUN = re.compile(r"(?P<task>.+)\[(?P<index>\d*)\]?$")


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A run, or a task and its newest run, of any DAG."""

    dag_id: str
    run_id: str
    task_id: str | None = None

    @property
    def name(self) -> str:
        """What is looked for."""
        return self.run_id if self.task_id is None else self.task_id


@dataclass(frozen=True, slots=True)
class Known:
    """What a jump can lead to."""

    places: Mapping[str, str] = field(default_factory=dict[str, str])
    """Name of a view of the workspace -> its title."""
    views: Mapping[str, str] = field(default_factory=dict[str, str])
    """Name of a view of a DAG -> its title."""
    dag_ids: Sequence[str] = ()
    dag_id: str | None = None
    """The DAG that is looked at, if one is."""
    run_id: str | None = None
    """The run of it that is looked at; None: the newest."""
    pointed_at: str | None = None
    """The DAG under the cursor of a list of DAGs, where none is looked at."""
    run_ids: Sequence[str] = ()
    """Runs of that DAG, the newest first."""
    task_ids: Sequence[str] = ()
    others: Mapping[str, tuple[Sequence[str], Sequence[str]]] = field(
        default_factory=dict[str, tuple[Sequence[str], Sequence[str]]]
    )
    """Runs and tasks of other DAGs, of those that were asked for."""
    elsewhere: Mapping[str, Sequence[Elsewhere]] = field(
        default_factory=dict[str, "Sequence[Elsewhere]"]
    )
    """What was found in all DAGs for ``run ID`` or ``log TASK``, by that text: see ``sought``."""

    def names_of(self, dag_id: str) -> tuple[Sequence[str], Sequence[str]] | None:
        """Runs and tasks of a DAG; None: they were not asked for."""
        here = (self.run_ids, self.task_ids)
        return here if dag_id == self.subject else self.others.get(dag_id)

    @property
    def subject(self) -> str | None:
        """The DAG that is meant where none is named."""
        return self.dag_id or self.pointed_at


@dataclass(frozen=True, slots=True)
class Target:
    """Where a jump goes."""

    kind: str
    """place, view, run, log, tracked, compare, dependencies, help, quit."""
    name: str = ""
    """Of the place or of the DAG's view; the name or the id of a tracked run."""
    dag_id: str = ""
    run_id: str | None = None
    task_id: str | None = None
    map_index: int | None = None
    names: tuple[str, ...] = ()
    """Of the tracked runs to compare."""


@dataclass(frozen=True, slots=True)
class Completion:
    """A line that can be taken instead of what was typed, and what it means."""

    text: str
    """Safe for a terminal: it is put into the line that is typed."""
    meaning: str


def find(text: str, names: Sequence[str], *, loosely: bool = True) -> list[str]:
    """The names that match: equal, then beginning with the text, then holding all its words, then
    (``loosely``) those that have its letters in this order.
    """
    wanted = text.lower()
    words = wanted.split()

    def rank(name: str) -> int:
        low = sanitize(name).lower()
        if low == wanted:
            return 0
        if low.startswith(wanted):
            return 1
        if all(word in low for word in words):
            return 2
        return 3 if loosely and has_letters(low, wanted) else 4

    ranked = [(rank(name), name) for name in names]
    return [name for place, name in sorted(ranked, key=lambda pair: pair[0]) if place < 4]


def has_letters(name: str, text: str) -> bool:
    """Whether a name has the letters of a text in their order: ``eln`` is in ``elasticnet``."""
    rest = iter(name)
    return all(letter in rest for letter in text if letter != " ")


def one_of(text: str, names: Sequence[str], what: str) -> str:
    """The one name that is meant. Raises ``ValueError`` with a sentence."""
    if text in names:
        return text
    found = find(text, names, loosely=False) or find(text, names)
    if not found:
        raise ValueError(f"no {what} is called {text}")
    meant = [name for name in found if sanitize(name) == text]
    leading = meant or [name for name in found if sanitize(name).lower().startswith(text.lower())]
    if len(found) > 1 and len(leading) != 1:
        raise ValueError(f"{len(found)} {what}s match {text}: type more of it")
    return leading[0] if leading else found[0]


def parse(text: str, known: Known) -> Target:
    """Where the text leads. Raises ``ValueError`` with a sentence that says what is wrong.

    A place (``pools``), ``dag NAME`` or a NAME alone, a DAG's view and a NAME (``gantt etl``; the
    DAG that is looked at without one), ``run ID``, ``log TASK``, ``dependencies``, perhaps with the
    NAME of a DAG, ``tracked RUN``, ``compare RUN RUN``, ``run NAME ID`` and ``log NAME TASK`` of
    another DAG; the start of a name is enough. A run or task that this DAG doesn't have is looked
    for in all.
    """
    first, _, rest = text.strip().partition(" ")
    first, rest = _meant(first, known), rest.strip()
    if not first:
        raise ValueError("type where to go: dags, or dag and a name, run and an id, log and a task")
    if first in QUIT:
        return Target("quit")
    if first in HELP:
        return Target("help")
    if first in known.places and not rest and (first not in known.views or known.dag_id is None):
        return Target("place", first)
    if first == DEPENDENCIES:
        dag_id = one_of(rest, known.dag_ids, "DAG") if rest else known.dag_id
        return Target(DEPENDENCIES, dag_id=dag_id or "")
    if first == "dag":
        return Target("view", "grid", one_of(rest, known.dag_ids, "DAG"))
    if first == "run":
        return _run(rest, known)
    if first == "log":
        return _log(rest, known)
    if first == COMPARE and (rest or COMPARE not in known.dag_ids):
        return Target(COMPARE, names=runs_in(rest))
    if first == TRACKED:
        return Target(TRACKED, rest) if rest else Target("place", "experiments")
    if first in known.views:
        dag_id = one_of(rest, known.dag_ids, "DAG") if rest else _here(known)
        return Target("view", first, dag_id, known.run_id if dag_id == known.dag_id else None)
    return Target("view", "grid", one_of(text.strip(), known.dag_ids, "DAG"))


def runs_in(text: str) -> tuple[str, ...]:
    """The tracked runs that a text names: between commas, or words, quoted where they have spaces.
    Raises ``ValueError`` with a sentence."""
    if "," in text:
        found = [name.strip() for name in text.split(",")]
    else:
        try:
            found = shlex.split(text)
        except ValueError:
            raise ValueError("a quote is not closed") from None
    names = tuple(dict.fromkeys(name for name in found if name))
    if len(names) < 2:
        raise ValueError("name at least two tracked runs, by name or by first digits of the id")
    return names


def _meant(first: str, known: Known) -> str:
    """The name of the view that is called so, in any case of its letters; else the word itself."""
    if first in known.dag_ids:
        return first
    name = ALIASES.get(first.lower(), first.lower())
    return name if name in known.places or name in known.views or name == DEPENDENCIES else first


def _here(known: Known) -> str:
    if known.subject is None:
        raise ValueError("no DAG is looked at: go to one first, as with dag and its name")
    return known.subject


def dag_named(text: str, known: Known) -> str | None:
    """The DAG that is named in ``log DAG TASK`` or ``run DAG ID``, or before a task of it is."""
    first, _, rest = text.strip().partition(" ")
    rest, names = rest.strip(), names_here(first, known)
    if names is None or rest in names:
        return None
    named = [one for one in known.dag_ids if f"{rest} ".startswith(f"{sanitize(one)} ")]
    longest = max(named, key=len, default=None)
    if longest is not None and rest == sanitize(longest) and find(rest, names, loosely=False):
        return None  # it is the start of a task here
    return longest


def names_here(verb: str, known: Known) -> Sequence[str] | None:
    """What ``run`` or ``log`` can name of the DAG at hand; None: it is another word."""
    return {"run": known.run_ids, "log": known.task_ids}.get(verb)


def sought(text: str, known: Known) -> str | None:
    """``run ID`` or ``log TASK`` where the DAG at hand has none that is called so: all DAGs are
    searched for it. None: nothing is."""
    verb, _, rest = text.strip().partition(" ")
    rest, names = rest.strip(), names_here(verb, known)
    if names is None or not rest or dag_named(text, known) is not None:
        return None
    begun = _INDEX_BEGUN.match(rest) if verb == "log" else None
    rest = begun["task"] if begun is not None else rest
    return None if find(rest, names, loosely=False) else f"{verb} {rest}"


def _run(rest: str, known: Known) -> Target:
    named = dag_named(f"run {rest}", known)
    if named is not None:
        name = rest[len(sanitize(named)) :].strip()
        if not name:
            raise ValueError(f"name a run of {named}, too")
        runs, _ = known.names_of(named) or ((), ())
        return Target("run", dag_id=named, run_id=one_of(name, runs, "run"))
    found = _elsewhere(f"run {rest}", known)
    if found is not None:
        return Target("run", dag_id=found.dag_id, run_id=found.run_id)
    return Target("run", dag_id=_here(known), run_id=one_of(rest, known.run_ids, "run"))


def _elsewhere(text: str, known: Known) -> Elsewhere | None:
    """The one that is meant of those in other DAGs; None: none is. Raises ``ValueError``."""
    key = sought(text, known)
    found = known.elsewhere.get(key, ()) if key is not None else ()
    verb, _, name = (key or "").partition(" ")
    equal = [one for one in found if sanitize(one.name) == name]
    if len(found) > 1 and len(equal) != 1:
        what = "runs" if verb == "run" else "tasks"
        raise ValueError(f"{len(found)} {what} of other DAGs match {name}: choose one with Down")
    return equal[0] if equal else found[0] if found else None


def _log(rest: str, known: Known) -> Target:
    named = dag_named(f"log {rest}", known)
    found = _elsewhere(f"log {rest}", known) if named is None else None
    match = _INDEXED.match(rest)
    index = int(match["index"]) if match is not None else None
    if found is not None:
        at = {"dag_id": found.dag_id, "run_id": found.run_id, "task_id": found.task_id}
        return Target("log", map_index=index, **at)
    if named is None:
        _check_dag_of_log(rest, known)
    if named is None and known.subject is None:
        raise ValueError("no DAG is looked at: name it before the task, as in log DAG TASK")
    dag_id, name = _here(known) if named is None else named, rest
    if named is not None:
        name = rest[len(sanitize(named)) :].strip()
        if not name:
            raise ValueError(f"name a task of {named}, too")
    runs, tasks = known.names_of(dag_id) or ((), ())
    if not runs:
        raise ValueError(f"{dag_id} has no run yet, so there is no log")
    match = _INDEXED.match(name)
    task_id = one_of(match["task"] if match is not None else name, tasks, "task")
    looked_at = known.run_id if dag_id == known.dag_id else None
    return Target(
        "log", dag_id=dag_id, run_id=looked_at or runs[0], task_id=task_id, map_index=index
    )


def _check_dag_of_log(rest: str, known: Known) -> None:
    """Raise ``ValueError`` where ``log DAG TASK`` names a DAG that there isn't."""
    dag_id, space, _ = rest.partition(" ")
    if not space or find(rest, known.task_ids):
        return
    alike = find(dag_id, known.dag_ids)
    hint = f": write {sanitize(alike[0])} whole" if alike else ""
    raise ValueError(f"no DAG is called {dag_id}{hint}")


def complete(text: str, known: Known) -> list[Completion]:
    """What the text may become, the likeliest first."""
    first, space, rest = text.lstrip().partition(" ")
    rest = rest.strip()
    if space:
        return _complete_second(first, rest, known)
    found: list[Completion] = []
    verbs = {
        "dag": "a DAG",
        "run": "a run",
        "log": "the log of a task",
        TRACKED: "a tracked run, by its name or the start of its id",
        COMPARE: "tracked runs side by side",
    }
    called = {name for alias, name in ALIASES.items() if first and alias.startswith(first.lower())}
    for name, title in known.places.items():
        if name.startswith(first.lower()) or name in called:
            of_dag = known.dag_id is not None and name in known.views  # as ``parse`` has it
            whose = f"{title} of {known.dag_id}" if of_dag else f"{title}, of the workspace"
            found.append(Completion(name, whose))
    if known.subject is not None:
        for name, title in known.views.items():
            if name not in known.places and (name.startswith(first.lower()) or name in called):
                found.append(Completion(name, f"{title} of {known.subject}"))
    for verb, meaning in verbs.items():
        if verb.startswith(first):
            found.append(Completion(f"{verb} ", meaning))
    if DEPENDENCIES.startswith(first):
        found.append(Completion(DEPENDENCIES, "what leads to what: DAGs and assets"))
    dags = _named("dag", find(first, known.dag_ids), "DAG")
    return [*dags, *found] if first and not found else [*found, *dags]


def _complete_second(first: str, rest: str, known: Known) -> list[Completion]:
    if first == "run":
        return [*_complete_run(rest, known), *_complete_elsewhere(f"run {rest}", known)]
    if first == "log":
        return [*_complete_log(rest, known), *_complete_elsewhere(f"log {rest}", known)]
    if first == COMPARE:
        meaning = "two or more, by name or id; commas between names with spaces"
        return [Completion(f"{COMPARE} {sanitize(rest)}", meaning)]
    if first == TRACKED:
        return []  # there may be a hundred thousand: they are looked up when one is named
    if first in ("dag", DEPENDENCIES) or first in known.views:
        return _named(first, find(rest, known.dag_ids), "DAG")
    return _named("dag", find(f"{first} {rest}".strip(), known.dag_ids), "DAG")


def _complete_elsewhere(text: str, known: Known) -> list[Completion]:
    key = sought(text, known)
    found = known.elsewhere.get(key, ()) if key is not None else ()
    verb = text.partition(" ")[0]
    return [
        Completion(
            f"{verb} {sanitize(one.dag_id)} {sanitize(one.name)}", f"of {sanitize(one.dag_id)}"
        )
        for one in found
    ]


def _complete_run(rest: str, known: Known) -> list[Completion]:
    """Runs of this DAG, or of the one that is named."""
    named = dag_named(f"run {rest}", known)
    if named is None:
        return _named("run", find(rest, known.run_ids), "run")
    name = sanitize(named)
    runs, _ = known.names_of(named) or ((), ())
    return _named(f"run {name}", find(rest[len(name) :].strip(), runs), f"run of {name}")


def _complete_log(rest: str, known: Known) -> list[Completion]:
    """Tasks of this DAG, then DAGs to be named before a task; tasks of the one that is named."""
    here = _tasks("log", rest, known.task_ids, "task")
    dags = find(rest, known.dag_ids, loosely=False)
    more = [Completion(f"log {sanitize(one)} ", "DAG, then a task of it") for one in dags]
    named = dag_named(f"log {rest}", known)
    if named is None:
        return [*here, *more]
    name = sanitize(named)
    _, tasks = known.names_of(named) or ((), ())
    found = _tasks(f"log {name}", rest[len(name) :].strip(), tasks, f"task of {name}")
    return [*found, *here, *(one for one in more if one.text != f"log {name} ")]


def _tasks(verb: str, text: str, task_ids: Sequence[str], meaning: str) -> list[Completion]:
    """Tasks, perhaps with a map index that is typed behind them: which there are isn't read."""
    begun = _INDEX_BEGUN.match(text)
    names = find(text, task_ids)
    if begun is None or names:
        return _named(verb, names, meaning)
    index = f"[{begun['index']}]" if begun["index"] else "["
    more = f"the map index of a {meaning}"
    return [
        Completion(one.text + index, more)
        for one in _named(verb, find(begun["task"], task_ids), meaning)
    ]


def _named(verb: str, names: Sequence[str], meaning: str) -> list[Completion]:
    return [Completion(f"{verb} {sanitize(name)}", meaning) for name in names]
