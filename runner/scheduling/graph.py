"""A structure prepared for deciding: who is looked at when what changes."""

from __future__ import annotations

from collections import OrderedDict

from store.structure import (
    ConcatLength,
    DagStructure,
    Expansion,
    Length,
    TaskStructure,
    XComLength,
    ZipLength,
)

CACHED_GRAPHS = 512


class Node:
    """One task, with what deciding about it needs."""

    __slots__ = (
        "counts_for_run",
        "depends_on_past",
        "downstream",
        "expansion",
        "group",
        "inner_upstream",
        "limits_tasks",
        "position",
        "scope",
        "setups",
        "sources",
        "task",
        "task_id",
        "upstream",
        "upstream_set",
        "watchers",
    )

    def __init__(self, task: TaskStructure, position: int) -> None:
        self.task = task
        self.task_id = task.task_id
        self.position = position
        """Place in topological order."""
        self.upstream: tuple[str, ...] = ()
        self.upstream_set: frozenset[str] = frozenset()
        self.downstream: tuple[str, ...] = ()
        self.group = task.mapped_group
        """The mapped group around it: it has one instance per index of that group."""
        self.expansion: Expansion | None = task.expansion
        """Its own or its mapped group's; None: it has one instance, with index -1."""
        self.sources: tuple[str, ...] = ()
        """Tasks whose XComs decide how many instances it has."""
        self.inner_upstream: frozenset[str] = frozenset()
        """Upstream tasks in the same mapped group: only the instance with its index matters."""
        self.setups: tuple[str, ...] = ()
        """Setups around it that are not direct upstream; all must succeed."""
        self.scope: tuple[str, ...] = ()
        """Of a teardown: what lies between its setups and itself and isn't its direct upstream."""
        self.watchers: tuple[tuple[str, bool], ...] = ()
        """Tasks to look at when this one changes; True: only at the instance with its index."""
        self.counts_for_run = False
        """The run's state is made of these: leaves, without teardowns that don't count."""
        self.depends_on_past = task.depends_on_past or task.wait_for_downstream
        self.limits_tasks = (
            task.max_active_tis_per_dag is not None or task.max_active_tis_per_dagrun is not None
        )


class Graph:
    """All nodes of a structure by task id."""

    __slots__ = ("mapped_over", "mappers", "nodes", "structure")

    def __init__(self, structure: DagStructure) -> None:
        self.structure = structure
        self.nodes = {
            task.task_id: Node(task, position) for position, task in enumerate(structure.tasks)
        }
        self.mapped_over: dict[str, set[str]] = {}
        """Task id -> XCom keys whose lengths decide about mapped tasks and groups."""
        self.mappers: dict[str, list[str]] = {}
        """Task id -> the tasks that map over it, or whose group does."""
        self._connect()
        self._find_expansions()
        if any(task.is_setup or task.is_teardown for task in structure.tasks):
            self._find_setups()
        self._find_leaves()
        self._find_watchers()

    def _connect(self) -> None:
        upstream: dict[str, dict[str, None]] = {task_id: {} for task_id in self.nodes}
        downstream: dict[str, dict[str, None]] = {task_id: {} for task_id in self.nodes}
        for node in self.nodes.values():
            pairs = [(up, node.task_id) for up in node.task.upstream]
            pairs += [(node.task_id, down) for down in node.task.downstream]
            for up, down in pairs:
                if up in self.nodes and down in self.nodes:
                    upstream[down][up] = None
                    downstream[up][down] = None
        for node in self.nodes.values():
            node.upstream = tuple(upstream[node.task_id])
            node.upstream_set = frozenset(node.upstream)
            node.downstream = tuple(downstream[node.task_id])
            if node.group is not None:
                node.inner_upstream = frozenset(
                    up for up in node.upstream if self.nodes[up].group == node.group
                )

    def _find_expansions(self) -> None:
        groups = {group.group_id: group for group in self.structure.groups}
        for node in self.nodes.values():
            if node.expansion is None and node.group in groups:
                node.expansion = groups[node.group].expansion
            if node.expansion is None:
                continue
            sources: dict[str, None] = {}
            for _, length in node.expansion.arguments:
                for source in xcom_lengths(length):
                    if source.task_id in self.nodes:
                        sources[source.task_id] = None
                        self.mapped_over.setdefault(source.task_id, set()).add(source.key)
            node.sources = tuple(sources)
            for source in sources:
                self.mappers.setdefault(source, []).append(node.task_id)

    def relatives(self, task_id: str, *, upstream: bool) -> set[str]:
        """Every task before (or after) one, at any distance."""
        found: set[str] = set()
        nodes = self.nodes
        pending = list(nodes[task_id].upstream if upstream else nodes[task_id].downstream)
        while pending:
            current = pending.pop()
            if current not in found:
                found.add(current)
                node = nodes[current]
                pending.extend(node.upstream if upstream else node.downstream)
        return found

    def teardowns_of(self, task_id: str) -> list[str]:
        """The teardowns directly downstream of a setup."""
        return [d for d in self.nodes[task_id].downstream if self.nodes[d].task.is_teardown]

    def setups_around(self, task_id: str) -> list[str]:
        """Upstream setups that matter to a task: with a teardown after it, or with none at all."""
        setups = [s for s in self.relatives(task_id, upstream=True) if self._is_setup(s)]
        if not setups:
            return []
        after = self.relatives(task_id, upstream=False)
        setups.sort(key=lambda s: self.nodes[s].position)
        return [setup for setup in setups if self._guards(setup, after)]

    def _find_setups(self) -> None:
        # Handed on along the edges: one search per task would be quadratic.
        before: dict[str, set[str]] = {}
        after: dict[str, set[str]] = {}
        for node in self.nodes.values():
            before[node.task_id] = set().union(*(before[up] for up in node.upstream))
            before[node.task_id].update(up for up in node.upstream if self._is_setup(up))
        for node in reversed(self.nodes.values()):
            after[node.task_id] = set().union(*(after[down] for down in node.downstream))
            after[node.task_id].update(self.teardowns_of(node.task_id))
        for node in self.nodes.values():
            if node.task.is_teardown:
                node.scope = self._scope_of(node)
            else:
                found = [
                    setup
                    for setup in before[node.task_id].difference(node.upstream)
                    if self._guards(setup, after[node.task_id])
                ]
                node.setups = tuple(sorted(found, key=lambda s: self.nodes[s].position))

    def _is_setup(self, task_id: str) -> bool:
        return self.nodes[task_id].task.is_setup

    def _guards(self, setup: str, downstream: set[str]) -> bool:
        """Whether a setup matters to a task with this downstream: torn down after it, or never."""
        teardowns = self.teardowns_of(setup)
        return not teardowns or not downstream.isdisjoint(teardowns)

    def _scope_of(self, teardown: Node) -> tuple[str, ...]:
        indirect = self.relatives(teardown.task_id, upstream=True).difference(teardown.upstream)
        inside: set[str] = set()
        for up in teardown.upstream:
            if self._is_setup(up):
                inside |= indirect & self.relatives(up, upstream=False)
        return tuple(sorted(inside, key=lambda task_id: self.nodes[task_id].position))

    def _find_leaves(self) -> None:
        def ignorable(task: TaskStructure) -> bool:
            return task.is_teardown and not task.on_failure_fail_dagrun

        for node in self.nodes.values():
            node.counts_for_run = not ignorable(node.task) and all(
                ignorable(self.nodes[down].task) for down in node.downstream
            )
        if not any(node.counts_for_run for node in self.nodes.values()):
            for node in self.nodes.values():
                node.counts_for_run = not node.downstream

    def _find_watchers(self) -> None:
        watchers: dict[str, dict[str, bool]] = {task_id: {} for task_id in self.nodes}

        def watch(watched: str, watcher: Node, *, same_index: bool) -> None:
            known = watchers[watched].get(watcher.task_id, True)
            watchers[watched][watcher.task_id] = known and same_index

        for node in self.nodes.values():
            for up in node.upstream:
                watch(up, node, same_index=up in node.inner_upstream)
            for other in (*node.setups, *node.scope):
                watch(other, node, same_index=self.same_group(other, node))
            for source in node.sources:
                watch(source, node, same_index=False)
        for task_id, found in watchers.items():
            self.nodes[task_id].watchers = tuple(found.items())

    def same_group(self, task_id: str, node: Node) -> bool:
        return node.group is not None and self.nodes[task_id].group == node.group


def xcom_lengths(length: Length) -> list[XComLength]:
    """The XComs that a length is made of, in order."""
    if isinstance(length, XComLength):
        return [length]
    if isinstance(length, ZipLength | ConcatLength):
        return [source for part in length.parts for source in xcom_lengths(part)]
    return []


_graphs: OrderedDict[int, Graph] = OrderedDict()
# By identity: a structure is frozen but not hashable. A graph holds on to its structure, so the
# id stays its own as long as the graph is here.


def graph_of(structure: DagStructure) -> Graph:
    """The graph of a structure, made once and then remembered."""
    key = id(structure)
    graph = _graphs.get(key)
    if graph is None:
        graph = _graphs[key] = Graph(structure)
        if len(_graphs) > CACHED_GRAPHS:
            _graphs.popitem(last=False)
    else:
        _graphs.move_to_end(key)
    return graph
