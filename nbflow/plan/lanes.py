"""A task graph as layers of nodes, each edge between neighbouring layers: how the layers are ordered and where nodes stand.

An edge that passes layers takes a node in each of them, its lane. The lanes of one task's edges are shared, so that they
run together for as long as they can.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Sequence
from dataclasses import dataclass, field

from nbflow.plan.graph import Edges

_SWEEPS = 6
_FEWER_SWEEPS = 2
_MANY = 400
"""From so many nodes on, fewer sweeps are made, and crossings are no longer counted to keep the best order."""


@dataclass(slots=True)
class Net:
    """Nodes by number: the tasks first, in the order of their keys, then the lanes.

    ``layer`` holds each node's layer, ``above`` and ``below`` its neighbours in the layer before and after, ``lanes`` the
    lanes of a task's edges, layer by layer, ``rows`` the nodes of each layer in their order, ``tasks`` how many tasks there are.
    """

    index: dict[str, int]
    layer: list[int]
    above: list[list[int]]
    below: list[list[int]]
    tasks: int
    lanes: dict[int, list[int]] = field(default_factory=dict)
    rows: list[list[int]] = field(default_factory=list)


def make_net(keys: Sequence[str], edges: Edges) -> Net:
    """The net of the tasks ``keys``, which stand in an order in which each follows what it depends on."""
    count = len(keys)
    net = Net({key: at for at, key in enumerate(keys)}, [0] * count, [[] for _ in keys], [[] for _ in keys], count)
    for at, key in enumerate(keys):
        net.layer[at] = max((net.layer[net.index[parent]] + 1 for parent in edges[key]), default=0)
    for at, key in enumerate(keys):
        for parent in edges[key]:
            _tie(net, net.index[parent], at)
    net.rows = [[] for _ in range(max(net.layer, default=-1) + 1)]
    for node, layer in enumerate(net.layer):
        net.rows[layer].append(node)
    return net


def _tie(net: Net, parent: int, child: int) -> None:
    """An edge, through the parent's lanes in the layers between; those that are missing are made."""
    between = net.layer[child] - net.layer[parent] - 1
    lanes = net.lanes.setdefault(parent, []) if between else []
    while len(lanes) < between:
        lane, before = len(net.layer), lanes[-1] if lanes else parent
        net.layer.append(net.layer[before] + 1)
        net.above.append([before])
        net.below.append([])
        net.below[before].append(lane)
        lanes.append(lane)
    last = lanes[between - 1] if between else parent
    net.below[last].append(child)
    net.above[child].append(last)


def order_rows(net: Net) -> None:
    """Order the nodes of each layer so that few lines cross: each goes to the median of its neighbours, to and fro."""
    place = [0] * len(net.layer)
    for row in net.rows:
        _number(row, place)
    many = len(net.layer) > _MANY
    best, fewest = [list(row) for row in net.rows], -1 if many else crossings(net)
    for _ in range(_FEWER_SWEEPS if many else _SWEEPS):
        if fewest == 0:
            break
        for row in net.rows[1:]:
            _sort(row, net.above, place)
        for row in reversed(net.rows[:-1]):
            _sort(row, net.below, place)
        if not many:
            found = crossings(net)
            if found < fewest:
                best, fewest = [list(row) for row in net.rows], found
    if not many:
        net.rows = best


def _number(row: list[int], place: list[int]) -> None:
    for at, node in enumerate(row):
        place[node] = at


def _sort(row: list[int], neighbours: list[list[int]], place: list[int]) -> None:
    """Order ``row`` by the medians of its nodes' neighbours; a node without any keeps its place."""
    wanted: dict[int, float] = {}
    for at, node in enumerate(row):
        near = neighbours[node]
        if not near:
            wanted[node] = at
        elif len(near) == 1:
            wanted[node] = place[near[0]]
        else:
            places = sorted([place[other] for other in near])
            half = len(places) // 2
            wanted[node] = places[half] if len(places) % 2 else (places[half - 1] + places[half]) / 2
    row.sort(key=wanted.__getitem__)
    _number(row, place)


def crossings(net: Net) -> int:
    """How many pairs of lines cross between neighbouring layers, as the rows stand."""
    place = [0] * len(net.layer)
    for row in net.rows:
        _number(row, place)
    found = 0
    for row in net.rows:
        seen: list[int] = []
        for node in row:
            ends = sorted([place[other] for other in net.below[node]])
            for end in ends:
                found += len(seen) - bisect_right(seen, end)
            for end in ends:
                insort(seen, end)
    return found


def place_rows(net: Net, box: float, gap: float, lane: float) -> list[float]:
    """Where the middle of each node stands across the flow, the first edge of all at 0: near its neighbours, in its row's
    order, and never on another. ``box`` is how much a task takes, ``lane`` a lane, ``gap`` what stays free between them."""
    half = [box / 2 if node < net.tasks else lane / 2 for node in range(len(net.layer))]
    offsets = [_offsets(row, half, gap) for row in net.rows]
    places = [0.0] * len(net.layer)
    for row, offset in zip(net.rows, offsets, strict=True):
        for node, start in zip(row, offset, strict=True):
            places[node] = start - offset[-1] / 2
    for downward in (True, False, True):
        neighbours = net.above if downward else net.below
        for at in range(len(net.rows)) if downward else reversed(range(len(net.rows))):
            _settle(net.rows[at], offsets[at], neighbours, places)
    first = min((place - half[node] for node, place in enumerate(places)), default=0.0)
    return [place - first for place in places]


def _offsets(row: list[int], half: list[float], gap: float) -> list[float]:
    """Where the nodes of ``row`` would stand if each stood as near to the one before as it may."""
    offsets = [0.0]
    for before, node in zip(row, row[1:], strict=False):
        offsets.append(offsets[-1] + half[before] + gap + half[node])
    return offsets


def _settle(row: list[int], offsets: list[float], neighbours: list[list[int]], places: list[float]) -> None:
    """Place the nodes of ``row`` as near as possible (least squares) to the mean of their neighbours.

    Nodes that press against one another move as one block, each block to the mean of what its nodes want.
    """
    sums: list[float] = []
    counts: list[int] = []
    for node, offset in zip(row, offsets, strict=True):
        near = neighbours[node]
        wanted = sum([places[other] for other in near]) / len(near) if near else places[node]
        total, count = wanted - offset, 1
        while sums and sums[-1] * count >= total * counts[-1]:
            total += sums.pop()
            count += counts.pop()
        sums.append(total)
        counts.append(count)
    at = 0
    for total, count in zip(sums, counts, strict=True):
        for node, offset in zip(row[at : at + count], offsets[at : at + count], strict=True):
            places[node] = total / count + offset
        at += count
