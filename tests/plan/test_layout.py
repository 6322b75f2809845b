"""The layout of task graphs: laws that hold for every graph, and a few pictures worked out by hand."""

from __future__ import annotations

import random
from collections.abc import Mapping
from functools import cache
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbflow.plan.lanes import crossings, make_net, order_rows
from nbflow.plan.layout import Box, Layout, Sizes, lay_out

SIZES = Sizes(width=100, height=40, along=50, beside=10, lane=8)

Graph = Mapping[str, tuple[str, ...]]


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Graphs without circles, with tasks that stand alone and dependencies that stand twice, written in any order."""
    count = draw(st.integers(0, 24))
    edges = {
        f"t{at}": tuple(f"t{draw(st.integers(0, at - 1))}" for _ in range(draw(st.integers(0, 3)) if at else 0)) for at in range(count)
    }
    keys = draw(st.permutations(list(edges)))
    return {key: edges[key] for key in keys}


def extent(box: Box) -> tuple[float, float, float, float]:
    """Left, top, right, bottom."""
    return box.x, box.y, box.x + SIZES.width, box.y + SIZES.height


@given(graphs(), st.booleans())
def test_every_edge_goes_forward(edges: Graph, down: bool) -> None:
    """A box begins behind the end of every box that it depends on, and its layer is the longest way to it."""

    @cache
    def longest(key: str) -> int:
        return max((longest(parent) + 1 for parent in edges[key]), default=0)

    found = lay_out(edges, SIZES, down=down)
    assert list(found.boxes) == list(edges)
    for key, parents in edges.items():
        assert found.boxes[key].layer == longest(key)
        for parent in parents:
            before, after = extent(found.boxes[parent]), extent(found.boxes[key])
            assert after[1] > before[3] if down else after[0] > before[2]


@given(graphs(), st.booleans())
def test_no_two_boxes_overlap_and_all_lie_inside(edges: Graph, down: bool) -> None:
    """Between any two boxes there is room, and none is outside of the picture."""
    found = lay_out(edges, SIZES, down=down)
    for one, other in combinations(found.boxes.values(), 2):
        a, b = extent(one), extent(other)
        assert a[2] < b[0] or b[2] < a[0] or a[3] < b[1] or b[3] < a[1]
    for box in found.boxes.values():
        left, top, right, bottom = extent(box)
        assert left >= -1e-6 and top >= -1e-6 and right <= found.width + 1e-6 and bottom <= found.height + 1e-6


@given(graphs(), st.booleans())
def test_lines_lead_from_box_to_box_and_pass_no_other(edges: Graph, down: bool) -> None:
    """One line for each dependency, from the parent's edge to the child's; where it passes a layer it touches no box."""
    found = lay_out(edges, SIZES, down=down)
    assert sorted((line.parent, line.child) for line in found.lines) == sorted({(parent, key) for key in edges for parent in edges[key]})
    for line in found.lines:
        start, end = extent(found.boxes[line.parent]), extent(found.boxes[line.child])
        first = ((start[0] + start[2]) / 2, start[3]) if down else (start[2], (start[1] + start[3]) / 2)
        last = ((end[0] + end[2]) / 2, end[1]) if down else (end[0], (end[1] + end[3]) / 2)
        assert line.points[0] == pytest.approx(first) and line.points[-1] == pytest.approx(last)
        for x, y in line.points[1:-1]:
            assert not any(a - 1e-6 <= x <= c + 1e-6 and b - 1e-6 <= y <= d + 1e-6 for a, b, c, d in map(extent, found.boxes.values()))


@given(graphs())
def test_the_same_graph_gives_the_same_picture(edges: Graph) -> None:
    """Also when dependencies stand twice, or name tasks that are not there."""

    def doubled(parents: tuple[str, ...]) -> tuple[str, ...]:
        return (*parents, *parents, "nowhere")

    assert lay_out(edges, SIZES) == lay_out(dict(edges), SIZES) == lay_out({key: doubled(edges[key]) for key in edges}, SIZES)


def places(found: Layout) -> dict[str, tuple[float, float]]:
    """The corners of the boxes."""
    return {key: (box.x, box.y) for key, box in found.boxes.items()}


def test_small_graphs_by_hand() -> None:
    """A chain is a straight row; children stand around their parent's middle; a line past a box goes beside it."""
    assert places(lay_out({"a": (), "b": ("a",), "c": ("b",)}, SIZES)) == {"a": (0, 0), "b": (150, 0), "c": (300, 0)}
    fan = lay_out({"a": (), "b": ("a",), "c": ("a",), "d": ("b", "c")}, SIZES)
    assert places(fan) == {"a": (0, 25), "b": (150, 0), "c": (150, 50), "d": (300, 25)}
    assert (fan.width, fan.height) == (400, 90)
    past = lay_out({"a": (), "b": ("a",), "c": ("a", "b")}, SIZES)
    [lane] = [line for line in past.lines if (line.parent, line.child) == ("a", "c")]
    assert len(lane.points) == 4 and lane.points[1][1] == lane.points[2][1] != past.boxes["b"].y + 20
    assert places(lay_out({"a": (), "b": ("a",)}, SIZES, down=True)) == {"a": (0, 0), "b": (0, 90)}


def test_tasks_that_stand_alone() -> None:
    """They fill rows below the rest; where all do, the picture is about as wide as high; an empty graph has no size."""
    mixed = lay_out({"a": (), "b": ("a",), "x": (), "y": (), "z": ()}, SIZES)
    assert places(mixed) == {"a": (0, 0), "b": (150, 0), "x": (0, 60), "y": (150, 60), "z": (0, 110)}
    many = lay_out({f"t{at}": () for at in range(100)}, SIZES)
    assert 0.5 < many.width / many.height < 3
    assert (lay_out({}).width, lay_out({}).height, lay_out({}).boxes) == (0, 0, {})


def test_a_circle_is_refused() -> None:
    """As everywhere in ``plan``: a definition is checked for it before."""
    with pytest.raises(ValueError, match="circle"):
        lay_out({"a": ("b",), "b": ("a",)})


def test_ordering_leaves_fewer_crossings() -> None:
    """Over many graphs it takes away most of the crossings that the plain order has; the count agrees with a naive one."""
    dice = random.Random(7)
    before = after = 0
    for _ in range(40):
        keys = [f"t{at}" for at in range(30)]
        edges = {key: tuple(keys[dice.randrange(max(0, at - 9), at)] for _ in range(2)) if at > 4 else () for at, key in enumerate(keys)}
        net = make_net(keys, {key: tuple(dict.fromkeys(parents)) for key, parents in edges.items()})
        before += crossings(net)
        order_rows(net)
        assert crossings(net) == naive(net.rows, net.below)
        after += crossings(net)
    assert after < before / 2


def naive(rows: list[list[int]], below: list[list[int]]) -> int:
    """Crossings, counted pair by pair."""
    found = 0
    for row, following in zip(rows, rows[1:]):
        lines = [(row.index(node), following.index(other)) for node in row for other in below[node]]
        found += sum((a - c) * (b - d) < 0 for (a, b), (c, d) in combinations(lines, 2))
    return found
