"""The graph of a run as SVG: a box for each task with shape, word and colour of its state, the steps of a for_each hanging at it; groups
where boxes are too many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from nbflow.core.progress import RunProgress
from nbflow.plan.export.boxes import TaskBox, boxes_of
from nbflow.plan.export.canvas import canvas
from nbflow.plan.export.groups import groups_svg
from nbflow.plan.export.marks import mark_of
from nbflow.plan.layout import Layout, Line, Sizes, lay_out

READABLE = 150
"""From more tasks than these no single box can be read: they are drawn in groups."""

_LETTER = 8.2
_NARROW, _WIDE = 160.0, 264.0
_BEFORE_NAME = 32
_SCREEN = 1100
_HEIGHT = 44


def is_grouped(run: RunProgress) -> bool:
    """Whether the graph of ``run`` is drawn in groups."""
    return len(run.tasks) + sum(len(task.steps) for task in run.tasks.values()) > READABLE


def graph_svg(run: RunProgress, *, down: bool | None = None, links: Mapping[str, str] | None = None, titles: bool = True) -> str:
    """The graph of ``run`` as it stands, from left to right or ``down``; where that is not said, to the right unless it is too wide.

    ``links`` maps tasks' keys to addresses that their boxes lead to. With ``titles`` each box tells all of it when pointed at, and
    bears ``data-task``, its number from 0. Without, the picture is smaller; it is to be looked at alone, for what boxes share has ids.
    """
    if is_grouped(run):
        return groups_svg(run)
    boxes = boxes_of(run)
    layout = _layout(boxes, down=down)
    sizes = layout.sizes
    parts, shared = _lines(layout, boxes), {box.state: f"s{at}" for at, box in enumerate(boxes.values())}
    parts += [] if titles else [f"<defs>{''.join(_shape(state, sizes.width, name) for state, name in shared.items())}</defs>"]
    for at, box in enumerate(boxes.values()):
        stands = layout.boxes[box.key]
        place, words = f'transform="translate({round(stands.x)} {round(stands.y)})"', _words(box, sizes.width)
        behind = _behind(sizes.width) if box.many else ""
        if titles:
            drawn = _box(at, box, place, sizes.width, behind, words)
        else:
            drawn = f'<g class="{mark_of(box.state).kind}" {place}>{behind}<use href="#{shared[box.state]}"/>{words}</g>'
        link = next(((links or {})[key] for key in box.tasks if key in (links or {})), None)
        parts.append(f'<a href="{escape(link)}">{drawn}</a>' if link else drawn)
    return canvas(run, layout.width, layout.height, "".join(parts), linked=bool(links))


def _layout(boxes: Mapping[str, TaskBox], *, down: bool | None) -> Layout:
    if down is None:
        right = _layout(boxes, down=False)
        below = right if right.width <= _SCREEN else _layout(boxes, down=True)
        return below if below.width < right.width else right
    wanted = max((len(box.name) for box in boxes.values()), default=0) * _LETTER + _BEFORE_NAME + 12
    width = _NARROW if down else min(max(wanted, _NARROW), _WIDE)  # two of them fit on the narrowest screens
    edges = {key: box.depends_on for key, box in boxes.items()}
    return lay_out(edges, Sizes(width=width, height=_HEIGHT, along=28 if down else 44), down=down)


def _lines(layout: Layout, boxes: Mapping[str, TaskBox]) -> list[str]:
    """The lines between tasks as one path, those from a for_each to its steps as another."""
    hanging = [line for line in layout.lines if boxes[line.child].hangs]
    others = [line for line in layout.lines if not boxes[line.child].hangs]
    paths = (("l", _path(others, down=layout.down)), ("l h", _path(hanging, down=layout.down)))
    return [f'<path class="{kind}" d="{path}"/>' for kind, path in paths if path]


def _path(lines: Sequence[Line], *, down: bool) -> str:
    """Lines with a head at each box that they lead to; what two share is drawn once."""
    parts: dict[str, None] = {}
    for line in lines:
        for part in _curves(line, down=down):
            parts[part] = None
    for x, y in {line.points[-1]: None for line in lines}:
        parts[f"M{round(x) - 4} {round(y) - 6}l4 6 4-6" if down else f"M{round(x) - 6} {round(y) - 4}l6 4-6 4"] = None
    return "".join(parts)


def _curves(line: Line, *, down: bool) -> list[str]:
    """The parts of a line: curves between layers, straight through them."""
    found = []
    points = [(round(x), round(y)) for x, y in line.points]
    for at, ((x, y), (to_x, to_y)) in enumerate(zip(points, points[1:], strict=False)):
        right, below = to_x - x, to_y - y
        if at % 2 or not (right if down else below):
            found.append(f"M{x} {y}" + (f"v{below}" if down else f"h{right}"))
        else:
            bend = (0, below // 2, right, below // 2) if down else (right // 2, 0, right // 2, below)
            found.append(f"M{x} {y}c{' '.join(map(str, (*bend, right, below)))}".replace(" -", "-"))
    return found


def _box(at: int, box: TaskBox, place: str, width: float, behind: str, words: str) -> str:
    title = f"<title>{escape(box.sentence)}</title>"
    return f'<g class="t {mark_of(box.state).kind}" data-task="{at}" {place}>{title}{behind}{_strokes(box.state, width)}{words}</g>'


def _behind(width: float) -> str:
    """The edge of more boxes behind one that stands for many."""
    return f'<path class="l" d="M{round(width)} 5h4v{_HEIGHT - 1}h-{round(width) - 5}v-4"/>'


def _shape(state: str, width: float, name: str) -> str:
    """What the boxes of all tasks of one state share, under the id ``name``. Rules for what is around it would not hold where it
    is used: it bears its style itself."""
    mark = mark_of(state)
    border = "2.5" if mark.kind in ("bad", "run") else "1.3;stroke-dasharray:4 3" if mark.kind == "idle" else "1.3"
    box = f"fill:var(--b);stroke:var(--c);stroke-width:{border}"
    strokes = "fill:none;stroke:var(--c);stroke-width:2;stroke-linecap:round;stroke-linejoin:round;transform:translate(9px,14px)"
    return (
        f'<g id="{name}"><rect style="{box}" width="{round(width)}" height="{_HEIGHT}" rx="6"/>'
        f'<path style="{strokes}" d="{mark.shape}"/></g>'
    )


def _strokes(state: str, width: float) -> str:
    return f'<rect width="{round(width)}" height="{_HEIGHT}" rx="6"/><path class="m" d="{mark_of(state).shape}"/>'


def _words(box: TaskBox, width: float) -> str:
    name = _cut(box.name, int((width - _BEFORE_NAME - 6) / _LETTER))
    said = _cut(box.said, int((width - _BEFORE_NAME - 4) / 6.8))
    return f'<text x="{_BEFORE_NAME}" y="19">{escape(name)}</text><text class="w" x="{_BEFORE_NAME}" y="35">{escape(said)}</text>'


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: max(1, most - 1)] + "…"
