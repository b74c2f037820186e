"""The layout of a graph, and the pictures it is made from."""

from __future__ import annotations

import random
from itertools import pairwise
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.tui.models.graph.layers import crossings, drawn_edges, layered, untangle
from app.tui.models.graph.layout import Graph, Layout, Line, lay_out
from app.tui.models.graph.moving import at_distance, step
from app.tui.models.graph.painting import (
    ASCII_LINES,
    EAST,
    NORTH,
    SOUTH,
    UNICODE_LINES,
    WEST,
    Lines,
)
from app.tui.models.graph.placing import place
from app.tui.models.graph.routing import route
from app.tui.models.graph.shape import Shape, entry_labels, near, shape_of, visible
from store.queries.grid import structure_rows
from store.structure import DagStructure, TaskStructure
from tests.app.tui.world import RECOMMEND

Cell = tuple[int, int]
Link = frozenset[Cell]


@st.composite
def graphs(draw: st.DrawFn, *, most: int = 14) -> Graph:
    """Any graph without loops of one node; circles occur, as folded groups make them."""
    count = draw(st.integers(1, most))
    node = st.integers(0, count - 1)
    edges = draw(st.lists(st.tuples(node, node), max_size=3 * count, unique=True))
    if draw(st.booleans()):
        edges = list(dict.fromkeys((min(pair), max(pair)) for pair in edges))
    cells = st.integers(1, 9)
    return Graph(
        tuple(draw(st.lists(cells, min_size=count, max_size=count))),
        tuple(edge for edge in edges if edge[0] != edge[1]),
        tuple(draw(st.lists(st.sampled_from([0, 0, 3, 8]), min_size=count, max_size=count))),
        downwards=draw(st.booleans()),
        framed=draw(st.booleans()),
    )


def cells_of(line: Line) -> list[Cell]:
    if line.y0 == line.y1:
        return [(x, line.y0) for x in range(line.x0, line.x1 + 1)]
    return [(line.x0, y) for y in range(line.y0, line.y1 + 1)]


def links_of(layout: Layout, hop: int) -> set[Link]:
    """Pairs of cells that a piece of an edge joins."""
    return {frozenset(pair) for line in layout.hops[hop] for pair in pairwise(cells_of(line))}


def inside(layout: Layout, node: int) -> set[Cell]:
    box = layout.boxes[node]
    return {
        (x, y) for x in range(box.x, box.x + box.width) for y in range(box.y, box.y + box.height)
    }


def arms(layout: Layout) -> list[list[tuple[int, int]]]:
    levels = [1] * len(layout.hops)
    return Lines(layout).window(0, 0, layout.width, layout.height, levels)


def drawn(names: str, *edges: str, downwards: bool = False) -> str:
    """A graph of nodes with one letter each as text."""
    numbers = {name: index for index, name in enumerate(names)}
    pairs = tuple((numbers[one[0]], numbers[one[1]]) for one in edges)
    layout = lay_out(Graph((1,) * len(names), pairs, downwards=downwards))
    rows = [[UNICODE_LINES[found] for found, _ in line] for line in arms(layout)]
    for node, (x, y) in layout.arrows.items():
        rows[y][x] = ">"
        box = layout.boxes[node]
        assert (box.width, box.height) == (3, 1)
    for node, box in enumerate(layout.boxes):
        rows[box.y][box.x : box.x + 3] = f" {names[node]} "
    return "\n".join("".join(row).rstrip() for row in rows)


# properties


@given(graphs())
def test_nodes_and_labels_stand_apart_and_within_the_picture(graph: Graph) -> None:
    layout = lay_out(graph)
    taken: set[Cell] = set()
    everything = {(x, y) for x in range(layout.width) for y in range(layout.height)}
    boxes = [inside(layout, node) for node in range(len(graph.widths))]
    labels = [
        {(x, box.y) for x in range(box.x, box.x + box.width)} for box in layout.labels.values()
    ]
    for cells in (*boxes, *labels):
        assert cells
        assert not taken & cells
        assert cells <= everything
        taken |= cells


@given(graphs())
def test_an_edge_is_a_path_of_lines_from_source_to_target(graph: Graph) -> None:
    layout, windows = lay_out(graph), arms(lay_out(graph))
    all_boxes: set[Cell] = set().union(*(inside(layout, n) for n in range(len(graph.widths))))
    assert set(layout.routes) == set(graph.edges)
    for (source, target), hops in layout.routes.items():
        links = set().union(*(links_of(layout, hop) for hop in hops))
        cells: set[Cell] = set().union(*links)
        between = cells - inside(layout, source) - inside(layout, target)
        assert not between & all_boxes, "no edge runs through a node"
        assert connected(cells, links)
        assert cells & inside(layout, source)
        assert cells & inside(layout, target)
        for x, y in between:
            character = UNICODE_LINES[windows[y][x][0]]
            assert character in "─│┌┐└┘├┤┬┴┼", "lines have no loose ends"
        for (x0, y0), (x1, y1) in (sorted(link) for link in links):
            here, there = windows[y0][x0][0], windows[y1][x1][0]
            assert (here & EAST and there & WEST) if y0 == y1 else (here & SOUTH and there & NORTH)


def connected(cells: set[Cell], links: set[Link]) -> bool:
    near: dict[Cell, list[Cell]] = {cell: [] for cell in cells}
    for link in links:
        one, other = link
        near[one].append(other)
        near[other].append(one)
    found, rest = set(), [min(cells)]
    while rest:
        cell = rest.pop()
        if cell not in found:
            found.add(cell)
            rest.extend(near[cell])
    return found == cells


def misread(layout: Layout) -> list[Link]:
    """Where lines run together that must not be read as one.

    They may where all of some sources lead to all of some targets: leaving one source, entering
    one target, or on the track of sources with the same targets.
    """
    edges: dict[Link, set[tuple[int, int]]] = {}
    layers = {node: number for number, line in enumerate(layout.layers) for node in line}
    for (source, target), hops in layout.routes.items():
        turned = layers[source] > layers[target]
        for hop in hops:
            for link in links_of(layout, hop):
                way = (target, source) if turned else (source, target)
                edges.setdefault(link, set()).add(way)
    real = {way for several in edges.values() for way in several}
    return [
        link
        for link, several in edges.items()
        if any((one, other) not in real for one, _ in several for _, other in several)
    ]


@given(graphs())
def test_lines_run_together_only_where_they_may_be_read_as_one(graph: Graph) -> None:
    assert not misread(lay_out(graph))


def test_lines_of_dense_graphs_are_never_read_as_one() -> None:
    """Hypothesis rarely draws so many edges; without them lines hardly get in each other's way."""
    source, apart = random.Random(5), 0
    for number in range(300):
        count = source.randrange(4, 16)
        pairs = [source.sample(range(count), 2) for _ in range(source.randrange(count, 3 * count))]
        edges = tuple(sorted({(min(pair), max(pair)) for pair in pairs}))
        graph = Graph((3,) * count, edges, downwards=number % 2 == 0, framed=number % 3 == 0)
        assert not misread(lay_out(graph)), graph
        slots = layered(count, edges)
        sides = [0] * len(slots.layer)
        ports = place(slots, sides, sides, 0)
        apart += route(slots, ports)[0] != ports
    assert apart > 10, "ports that had to be set apart are among them"


def layer_of(layout: Layout, node: int) -> int:
    return next(number for number, line in enumerate(layout.layers) if node in line)


@given(graphs())
def test_layers_keep_to_the_edges(graph: Graph) -> None:
    layout = lay_out(graph)
    turned = drawn_edges(len(graph.widths), graph.edges)
    for edge in graph.edges:
        source, target = turned[edge]
        assert layer_of(layout, source) < layer_of(layout, target)
        box, other = layout.boxes[source], layout.boxes[target]
        if graph.downwards:
            assert box.y + box.height < other.y
        else:
            assert box.x + box.width < other.x


@given(graphs())
def test_an_acyclic_graph_has_no_edge_turned(graph: Graph) -> None:
    forward = tuple(sorted({(min(edge), max(edge)) for edge in graph.edges}))
    turned = drawn_edges(len(graph.widths), forward)
    assert all(edge == way for edge, way in turned.items())


@given(graphs())
def test_the_same_graph_has_the_same_layout(graph: Graph) -> None:
    assert lay_out.__wrapped__(graph) == lay_out.__wrapped__(graph)
    assert lay_out(graph) is lay_out(graph)


@given(graphs(), st.integers(0, 30), st.integers(0, 10))
def test_a_window_shows_its_part_of_the_whole(graph: Graph, x: int, y: int) -> None:
    layout = lay_out(graph)
    levels = [number % 3 for number in range(len(layout.hops))]
    lines = Lines(layout)
    whole = lines.window(0, 0, 60, 30, levels)
    part = lines.window(x, y, 20, 10, levels)
    assert part == [row[x : x + 20] for row in whole[y : y + 10]]


@given(graphs())
def test_slots_keep_their_order_and_distance(graph: Graph) -> None:
    slots = layered(len(graph.widths), graph.edges)
    sides = [1] * len(slots.layer)
    ports = place(slots, sides, sides, 1)
    for line in slots.order:
        assert all(ports[b] - ports[a] >= 4 for a, b in pairwise(line))


@given(graphs())
def test_sweeps_never_add_crossings(graph: Graph) -> None:
    slots = layered(len(graph.widths), graph.edges)
    before = crossings(slots)
    untangle(slots, sweeps=2)
    assert crossings(slots) <= before


@given(graphs(), st.data())
def test_any_move_leads_to_a_node_or_nowhere(graph: Graph, data: st.DataObject) -> None:
    layout = lay_out(graph)
    count = len(graph.widths)
    after = [[t for s, t in graph.edges if s == node] for node in range(count)]
    before = [[s for s, t in graph.edges if t == node] for node in range(count)]
    node = data.draw(st.integers(0, count - 1))
    for way in ("left", "right", "up", "down"):
        found = step(layout, node, way, after, before)
        assert found is None or (found != node and 0 <= found < count)


# pictures


def test_a_chain_is_one_line() -> None:
    assert drawn("abc", "ab", "bc") == " a ──> b ──> c"


def test_a_fan_branches_and_joins() -> None:
    assert drawn("abcdz", "ab", "ac", "ad", "bz", "cz", "dz").splitlines() == [
        "    ┌> b ─┐",
        " a ─┼> c ─┼> z",
        "    └> d ─┘",
    ]


def test_sources_of_the_same_targets_share_a_track() -> None:
    assert drawn("abcd", "ac", "ad", "bc", "bd").splitlines() == [" a ─┬> c", " b ─┴> d"]


def test_a_swap_is_untangled() -> None:
    assert drawn("abcd", "ad", "bc").splitlines() == [" a ──> d", " b ──> c"]


def test_an_edge_over_layers_runs_beside_them() -> None:
    assert drawn("abc", "ab", "bc", "ac").splitlines() == [
        " a ─┬> b ─┬> c",
        "    └─────┘",
    ]


def test_downwards_the_layers_stand_below_each_other() -> None:
    assert drawn("abc", "ab", "ac", downwards=True).splitlines() == [
        "    a",
        " ┌──┴──┐",
        " >     >",
        " b     c",
    ]


def test_a_root_that_is_needed_late_stands_late() -> None:
    layout = lay_out(Graph((1,) * 4, ((0, 1), (1, 2), (3, 2))))
    assert layer_of(layout, 3) == 1


def test_a_label_has_its_place_on_the_line() -> None:
    layout = lay_out(Graph((1, 1), ((0, 1),), (0, 5)))
    box = layout.labels[1]
    assert layout.boxes[0].x + layout.boxes[0].width < box.x
    assert box.width == 7
    assert layout.arrows[1] == (box.x + box.width, 0)


def test_no_nodes_make_an_empty_picture() -> None:
    layout = lay_out(Graph((), ()))
    assert (layout.width, layout.height, layout.boxes) == (0, 0, ())


def test_ascii_lines_are_ascii() -> None:
    assert len(ASCII_LINES) == len(UNICODE_LINES) == 16
    assert ASCII_LINES.isascii()
    assert ASCII_LINES[EAST | WEST] == "-"
    assert ASCII_LINES[NORTH | SOUTH] == "|"


# moving


def test_keys_follow_edges_and_go_back_where_they_came_from() -> None:
    layout = lay_out(Graph((1,) * 4, ((0, 1), (0, 2), (1, 3), (2, 3))))
    after, before = [[1, 2], [3], [3], []], [[], [0], [0], [1, 2]]
    assert step(layout, 0, "right", after, before) in (1, 2)
    assert step(layout, 3, "left", after, before, came_from=1) == 1
    assert step(layout, 3, "left", after, before, came_from=2) == 2
    assert {step(layout, 1, "down", after, before), step(layout, 1, "up", after, before)} >= {2}
    assert step(layout, 3, "right", after, before) is None


def test_a_page_goes_to_the_node_nearest_to_it() -> None:
    layout = lay_out(Graph((1,) * 20, ()))
    assert at_distance(layout, 0, 10) == 10
    assert at_distance(layout, 15, 10) == 19
    assert at_distance(layout, 15, -30) == 0
    assert at_distance(layout, 19, 1) is None


# what is seen


def shop() -> Shape:
    rows = structure_rows(RECOMMEND)
    return shape_of(RECOMMEND, rows)


def chain(*names: str) -> Shape:
    tasks = [
        TaskStructure(name, "@task", upstream=list(names[max(place - 1, 0) : place]))
        for place, name in enumerate(names)
    ]
    structure = DagStructure("d", "d.py", tasks=tasks, roots=list(names))
    return shape_of(structure, structure_rows(structure))


def test_an_edge_named_at_one_end_counts_once() -> None:
    tasks = [
        TaskStructure("a", "@task", downstream=["b", "gone"]),
        TaskStructure("b", "@task", upstream=["a"]),
        TaskStructure("c", "@task", upstream=["b"]),
    ]
    structure = DagStructure("d", "d.py", tasks=tasks, roots=["a", "b", "c"])
    shape = shape_of(structure, structure_rows(structure))
    assert set(shape.edges) == {("a", "b"), ("b", "c")}


def test_a_folded_group_is_one_node_with_the_edges_of_its_tasks() -> None:
    picture = visible(shop(), {"select", "publish"})
    names = [row.id for row in picture.nodes]
    assert names == ["load_tables", "select", "preprocess", "train", "evaluate", "publish"]
    assert picture.downstream["load_tables"] == ["select", "evaluate"]
    assert picture.downstream["evaluate"] == ["publish"]
    assert picture.inside["publish.format"] == "publish"
    assert "select" not in [row.id for row in visible(shop()).nodes]


def test_what_leads_where_is_known_at_any_distance() -> None:
    picture = visible(chain("a", "b", "c", "d"))
    assert picture.ancestors("c") == {"a", "b"}
    assert picture.descendants("b") == {"c", "d"}


@pytest.mark.parametrize(("hops", "seen"), [(1, "bcd"), (2, "abcde"), (3, "abcdef")])
def test_a_neighbourhood_is_what_some_steps_lead_to(hops: int, seen: str) -> None:
    picture = near(visible(chain(*"abcdef")), "c", hops)
    assert [row.id for row in picture.nodes] == list(seen)
    assert len(picture.edges) == len(seen) - 1


def test_labels_say_where_they_come_from_if_lines_run_together() -> None:
    base = chain("a", "b")
    one = visible(Shape(base.rows, (("a", "b"),), (("a", "b", "yes"),)))
    assert entry_labels(one) == {"b": "yes"}
    three = chain("a", "c", "b")
    two = visible(Shape(three.rows, (("a", "b"), ("c", "b")), (("a", "b", "yes"),)))
    assert entry_labels(two) == {"b": "a: yes"}


# size


def big(count: int, *, across: int) -> Graph:
    """Mostly edges to the next layer, a tenth of them longer; twice as many as nodes."""
    source = random.Random(1)
    layers = [list(range(at, min(count, at + across))) for at in range(0, count, across)]
    edges: set[tuple[int, int]] = set()
    while len(edges) < 2 * count:
        one = source.randrange(len(layers) - 1)
        further = source.randrange(2, 5) if source.random() < 0.1 else 1
        other = min(len(layers) - 1, one + further)
        edges.add((source.choice(layers[one]), source.choice(layers[other])))
    return Graph((12,) * count, tuple(sorted(edges)))


def seconds(graph: Graph) -> float:
    began = process_time()
    lay_out.__wrapped__(graph)
    return process_time() - began


def test_time_grows_with_the_graph_and_not_much_faster() -> None:
    small, large = big(125, across=25), big(1000, across=25)
    ratio = min(seconds(large) for _ in range(3)) / min(seconds(small) for _ in range(3))
    assert ratio < 8 * 4
