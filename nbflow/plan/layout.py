"""Where the boxes of a task graph stand, and how the lines between them run: in layers, with few crossings and short lines.

The same graph always gives the same picture. Nothing here knows how a box looks.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from nbflow.plan.graph import Edges, in_order
from nbflow.plan.lanes import Net, make_net, order_rows, place_rows

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Sizes:
    """What stands how far apart: a box's ``width`` and ``height``, the room ``along`` the flow between two layers, ``beside``
    between neighbours of a layer, and the ``lane`` that a line takes which passes a layer."""

    width: float = 168
    height: float = 44
    along: float = 44
    beside: float = 16
    lane: float = 12


@dataclass(frozen=True, slots=True)
class Box:
    """A task's box: its upper left corner, and its layer, counted from 0: it is one more than the highest of those that the
    task depends on."""

    key: str
    layer: int
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Line:
    """The line from a task to one that depends on it: the points it goes through, from edge to edge."""

    parent: str
    child: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """A graph laid out: its boxes by task key, its lines, and the size of it all, from (0, 0). ``down`` says whether the
    flow goes down rather than to the right."""

    boxes: Mapping[str, Box]
    lines: tuple[Line, ...]
    width: float
    height: float
    sizes: Sizes
    down: bool


def lay_out(edges: Edges, sizes: Sizes = Sizes(), *, down: bool = False) -> Layout:  # noqa: B008  (a frozen value)
    """The layout of the graph ``edges``. Tasks without any edge stand in rows below the others.

    A key that is depended on and is not there is left out, a dependency that stands twice counts once. Raises
    ``ValueError`` when the edges run in a circle.
    """
    known = {key: tuple(dict.fromkeys(parent for parent in parents if parent in edges)) for key, parents in edges.items()}
    tied = {parent for parents in known.values() for parent in parents} | {key for key, parents in known.items() if parents}
    alone = [key for key in known if key not in tied]
    keys = [key for key in in_order(known) if key in tied]
    net = make_net(keys, known)
    order_rows(net)
    across = sizes.width if down else sizes.height
    places = place_rows(net, across, sizes.beside, sizes.lane)
    boxes = {key: _box(key, net, at, places, sizes, down=down) for at, key in enumerate(keys)}
    end = max((place + (across if at < len(keys) else 0) / 2 for at, place in enumerate(places)), default=0.0)
    depth = _depth(len(net.rows), sizes, down=down)
    lines = tuple(_line(parent, child, net, places, sizes, down=down) for child in keys for parent in known[child])
    width, height = (end, depth) if down else (depth, end)
    boxes, width, height = _with_alone(alone, boxes, width, height, sizes, down=down)
    return Layout({key: boxes[key] for key in edges}, lines, width, height, sizes, down)


def _depth(layers: int, sizes: Sizes, *, down: bool) -> float:
    """How far so many layers reach."""
    thick = sizes.height if down else sizes.width
    return layers * thick + max(0, layers - 1) * sizes.along


def _box(key: str, net: Net, at: int, places: list[float], sizes: Sizes, *, down: bool) -> Box:
    layer = net.layer[at]
    start = layer * ((sizes.height if down else sizes.width) + sizes.along)
    side = places[at] - (sizes.width if down else sizes.height) / 2
    return Box(key, layer, side if down else start, start if down else side)


def _line(parent: str, child: str, net: Net, places: list[float], sizes: Sizes, *, down: bool) -> Line:
    """Out of the parent, straight through each layer between in its lane, into the child."""
    thick = sizes.height if down else sizes.width
    pitch = thick + sizes.along
    first, last = net.index[parent], net.index[child]
    points = [(net.layer[first] * pitch + thick, places[first])]
    for lane in net.lanes.get(first, ())[: net.layer[last] - net.layer[first] - 1]:
        points += [(net.layer[lane] * pitch, places[lane]), (net.layer[lane] * pitch + thick, places[lane])]
    points.append((net.layer[last] * pitch, places[last]))
    return Line(parent, child, tuple((side, along) for along, side in points) if down else tuple(points))


def _with_alone(
    alone: list[str], boxes: dict[str, Box], width: float, height: float, sizes: Sizes, *, down: bool
) -> tuple[dict[str, Box], float, float]:
    """The boxes with those of tasks that stand alone, in rows below; the new width and height."""
    if not alone:
        return boxes, width, height
    pitch = sizes.width + sizes.along, sizes.height + sizes.beside
    square = 1 if down else round(math.sqrt(1.6 * len(alone) * pitch[1] / pitch[0]))
    columns = max(1, min(len(alone), max(int((width + sizes.along) // pitch[0]), square)))
    top = height + 2 * sizes.beside if boxes else 0.0
    for at, key in enumerate(alone):
        boxes[key] = Box(key, 0, at % columns * pitch[0], top + at // columns * pitch[1])
    rows = math.ceil(len(alone) / columns)
    return boxes, max(width, columns * pitch[0] - sizes.along), top + rows * pitch[1] - sizes.beside
