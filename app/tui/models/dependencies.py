"""What depends on what in a workspace: DAGs and assets as nodes of one graph. Pure.

A DAG leads to the assets that its tasks produce; an asset leads to the DAGs that run on it, and
to those whose tasks say that they read it. Files say nothing else of one DAG to another.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from app.tui import formats
from app.tui.models.assets import consumer_spans, detail_line, task_words
from app.tui.models.graph.layers import drawn_edges
from app.tui.models.graph.nodes import MOST
from app.tui.models.graph.shape import Edge, Picture, Shape, entry_labels
from app.tui.models.grid import dag_line, run_span
from app.tui.scene import Scene
from app.tui.spans import Span, Spans, fit, joined, plain, span, width_of
from app.tui.theme import run_look

if TYPE_CHECKING:
    from store.queries.assets import AssetRow
    from store.queries.dags import DagRow

READS = "reads"
"""What stands at a line to a DAG that an asset doesn't make run."""

EMPTY = (
    "No DAG and no asset depends on another yet.",
    "A task with outlets=[Asset('orders')] leads to the asset,",
    "which leads to a DAG with schedule=[Asset('orders')].",
)


def dag_node(dag_id: str) -> str:
    """The id of a DAG's node. A DAG and an asset may have the same name."""
    return f"dag {dag_id}"


def asset_node(asset_id: int) -> str:
    """The id of an asset's node. Assets may share a name."""
    return f"asset {asset_id}"


@dataclass(frozen=True)
class Dependencies:
    """The graph, and what its nodes stand for."""

    shape: Shape = field(default_factory=Shape)
    dags: Mapping[str, DagRow] = field(default_factory=dict)
    """By node."""
    assets: Mapping[str, AssetRow] = field(default_factory=dict)
    """By node."""

    def found(self, words: Iterable[str]) -> list[str]:
        """The nodes that have all the words in their name, or in their URI."""
        wanted = list(words)
        names = {node: node.partition(" ")[2] for node in self.dags}
        names.update({node: f"{one.name} {one.uri}" for node, one in self.assets.items()})
        return [
            row.id
            for row in self.shape.rows
            if wanted and all(word in names[row.id].lower() for word in wanted)
        ]


def dependencies_of(dags: Iterable[DagRow], assets: Iterable[AssetRow]) -> Dependencies:
    """The graph of what has an edge; what nothing leads to comes first."""
    from store.queries.grid import GridRow

    dag_rows = {dag_node(one.dag_id): one for one in dags}
    asset_rows = {asset_node(one.id): one for one in assets}
    edges: dict[Edge, str] = {}
    for node, asset in asset_rows.items():
        made_by = {dag_node(one.dag_id) for one in asset.producers}
        run = {dag_node(one.dag_id) for one in asset.consumers}
        # what a DAG reads of its own leads to no other
        read = {dag_node(one.dag_id) for one in asset.readers} - run - made_by
        edges.update({(one, node): "" for one in sorted(made_by)})
        edges.update({(node, one): "" for one in sorted(run)})
        edges.update({(node, one): READS for one in sorted(read)})
    edges = {edge: label for edge, label in edges.items() if _known(edge, dag_rows, asset_rows)}
    named = {node for edge in edges for node in edge}
    targets = {target for _, target in edges}
    labels = {node: one.dag_id for node, one in dag_rows.items()}
    labels.update({node: one.name for node, one in asset_rows.items()})
    order = sorted(named, key=lambda node: (node in targets, labels[node].lower(), node))
    rows = tuple(GridRow("task", node, labels[node], 0, None, task_ids=(node,)) for node in order)
    said = tuple((*edge, label) for edge, label in edges.items() if label)
    shown = Shape(rows, tuple(edges), said)
    return Dependencies(
        shown,
        {node: one for node, one in dag_rows.items() if node in named},
        {node: one for node, one in asset_rows.items() if node in named},
    )


def _known(edge: Edge, *tables: Mapping[str, object]) -> bool:
    return all(any(node in table for table in tables) for node in edge)


def line_labels(picture: Picture) -> dict[str, str]:
    """Node -> what stands at the line into it.

    A line that closes a circle is drawn the other way round: it says where it leads to.
    """
    names = {row.id: row.label for row in picture.nodes}
    texts = {node: [label] for node, label in entry_labels(picture, names).items()}
    numbers = {row.id: number for number, row in enumerate(picture.nodes)}
    edges = [(numbers[source], numbers[target]) for source, target in picture.edges]
    for edge, drawn in drawn_edges(len(picture.nodes), edges).items():
        if edge != drawn:
            source, target = (picture.nodes[number].id for number in edge)
            texts.setdefault(source, []).append(f"back to {names[target]}")
    return {node: ", ".join(several) for node, several in texts.items()}


# texts


def node_text(node: str, found: Dependencies, scene: Scene) -> Spans:
    """``✓ etl`` (the state of the DAG's last run), ``◆ orders 5m`` (the age of its last event)."""
    glyphs = scene.glyphs
    dag, asset = found.dags.get(node), found.assets.get(node)
    if dag is not None:
        state = dag.last_run.state.value if dag.last_run is not None else ""
        head = run_span(state, glyphs) if state else Span(glyphs.dot, "faint")
        name = span(dag.dag_id)
        tail = Span(" paused", "dim") if dag.is_paused else Span("")
    elif asset is not None:
        event = asset.last_event
        head, name = Span(glyphs.asset, "accent"), span(asset.name, "accent")
        age = "never" if event is None else formats.age(event.timestamp, scene.now)
        tail = Span(f" {age}", "faint" if event is None else "dim")
    else:
        return (span(node),)
    room = MOST - 2 - width_of((tail,))
    shown = (name,) if width_of((name,)) <= room else fit((name,), room, ellipsis=glyphs.ellipsis)
    return (head, Span(" "), *shown, *((tail,) if tail.text else ()))


def head_line(found: Dependencies, others: int, scene: Scene) -> Spans:
    """How much there is, and how many DAGs are left out."""
    dot = Span(f" {scene.glyphs.dot} ", "faint")
    parts: list[Spans] = []
    if found.dags:
        assets = formats.plural(len(found.assets), "asset")
        parts.append((Span(formats.plural(len(found.dags), "DAG")),))
        parts.append((Span(scene.glyphs.asset, "accent"), Span(f" {assets}")))
    if others:
        have = "has" if others == 1 else "have"
        parts.append((Span(f"{formats.plural(others, 'DAG')} {have} no dependencies", "dim"),))
    return (Span(" "), *joined(parts, dot))


def node_line(node: str | None, found: Dependencies, scene: Scene) -> Spans:
    """The node under the cursor: of a DAG its last run and its schedule, of an asset its URI."""
    dot = Span(f" {scene.glyphs.dot} ", "faint")
    dag, asset = found.dags.get(node or ""), found.assets.get(node or "")
    if dag is not None:
        last = dag.last_run
        words: Spans = (Span("no runs yet", "dim"),)
        if last is not None:
            when = formats.ago(last.ended_at or last.started_at or last.run_after, scene.now)
            look = run_look(last.state.value)
            words = (run_span(last.state.value, scene.glyphs, f" {look.word} {when}"),)
        head = (Span("  DAG   ", "dim"), span(dag.dag_id, "strong"), dot)
        return (*head, *words, dot, *dag_line(dag, scene)[1:])
    if asset is not None:
        own = replace(asset, consumers=(), readers=())  # these are in the line below
        head = (Span("  asset ", "dim"), span(asset.name, "strong"), dot)
        return (*head, *detail_line(own, scene)[1:])
    return ()


def edges_line(node: str | None, found: Dependencies, condition: str, scene: Scene) -> Spans:
    """What leads to the node under the cursor, and what it leads to.

    ``condition``: what the DAG there waits for, as its author would write it.
    """
    dot = Span(f" {scene.glyphs.dot} ", "faint")
    dag, asset = found.dags.get(node or ""), found.assets.get(node or "")
    parts: list[Spans] = []
    if dag is not None:
        made, waits, read = _of_dag(dag.dag_id, found)
        if waits:
            ready = _ready(dag.dag_id, found)
            words = (span(condition or ", ".join(waits)), Span(f" {ready}" if ready else "", "dim"))
            parts.append((Span("runs on ", "dim"), *words))
        if read:
            parts.append((Span("reads ", "dim"), span(", ".join(read))))
        if made:
            parts.append((Span("produces ", "dim"), span(", ".join(made))))
    elif asset is not None:
        made_by = span(task_words(asset.producers)) if asset.producers else Span("no task", "dim")
        parts.append((Span("produced by ", "dim"), made_by))
        runs = [consumer_spans(one) for one in asset.consumers]
        if runs:
            parts.append((Span("runs ", "dim"), *joined(runs, Span(", ", "dim"))))
        known = {one.dag_id for one in (*asset.producers, *asset.consumers)}
        readers = [one for one in asset.readers if one.dag_id not in known]
        if readers:
            parts.append((Span("read by ", "dim"), span(task_words(readers))))
    return (Span("        "), *joined(parts, dot)) if parts else ()


def _of_dag(dag_id: str, found: Dependencies) -> tuple[list[str], list[str], list[str]]:
    """The names of the assets that a DAG produces, runs on and only reads."""
    made: list[str] = []
    waits: list[str] = []
    read: list[str] = []
    for asset in sorted(found.assets.values(), key=lambda one: (one.name, one.uri)):
        if any(one.dag_id == dag_id for one in asset.producers):
            made.append(asset.name)
        if any(one.dag_id == dag_id for one in asset.consumers):
            waits.append(asset.name)
        elif any(one.dag_id == dag_id for one in asset.readers):
            read.append(asset.name)
    return made, waits, read


def _ready(dag_id: str, found: Dependencies) -> str:
    """``1 of 2 ready``, of a DAG that waits for several assets."""
    for asset in found.assets.values():
        for one in asset.consumers:
            if one.dag_id == dag_id and one.needed > 1 and not one.one_is_enough:
                return f"({one.ready} of {one.needed} ready)"
    return ""


def lines_of(picture: Picture) -> list[str]:
    """The edges in words, for a file: ``orders -> report``."""
    names = {row.id: plain((span(row.label),)) for row in picture.nodes}
    said = {edge: f" ({label})" for edge, label in picture.labels.items()}
    return [f"{names[a]} -> {names[b]}{said.get((a, b), '')}" for a, b in picture.edges]
