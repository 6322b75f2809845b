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
_CAPITAL, _SMALL_LETTER = 8.4, 6.8  # of what is said of a task, which is smaller where it is long
_SMALLER, _SMALLER_STYLE = 10 / 12, ' style="font-size:10px"'
_NARROW, _WIDE = 160.0, 264.0  # two of the narrow ones fit on the narrowest screens
_AGAIN = 214.0  # the least for "SUCCESS (attempt 2) 12.3 s"
_BEFORE_NAME = 32
_SCREEN = 1100
_HEIGHT = 44
_MANY_LINES = 100


def is_grouped(run: RunProgress) -> bool:
    """Whether the graph of ``run`` is drawn in groups."""
    return len(run.tasks) + sum(len(task.steps) for task in run.tasks.values()) > READABLE


def graph_svg(run: RunProgress, *, down: bool | None = None, links: Mapping[str, str] | None = None, titles: bool = True) -> str:
    """The graph of ``run`` as it stands, from left to right or ``down``; where that is not said, to the right unless it is too wide.

    ``links`` maps tasks' keys to addresses that their boxes lead to. With ``titles`` each box tells all of it when pointed at, and
    bears ``data-task``, its number from 0. Without, the picture is smaller; it is to be looked at alone, for what boxes share has ids, and has no links.
    """
    if is_grouped(run):
        return groups_svg(run)
    boxes = boxes_of(run)
    layout = _layout(boxes, down=down)
    sizes = layout.sizes
    parts = _lines(layout, boxes, alone=not titles)
    if not titles:
        return canvas(run, layout.width, layout.height, "".join([*parts, *_repeated(layout, boxes)]))
    for at, box in enumerate(boxes.values()):
        stands = layout.boxes[box.key]
        place, words = f'transform="translate({round(stands.x)} {round(stands.y)})"', _words(box, sizes.width)
        drawn = _box(at, box, place, sizes.width, _behind(sizes.width) if box.many else "", words)
        link = next(((links or {})[key] for key in box.tasks if key in (links or {})), None)
        parts.append(f'<a href="{escape(link)}">{drawn}</a>' if link else drawn)
    return canvas(run, layout.width, layout.height, "".join(parts), linked=bool(links))


def width_of(svg: str) -> int:
    """How wide a picture that ``graph_svg`` has made is, in CSS pixels."""
    return int(svg.partition(' width="')[2].partition('"')[0])


def _layout(boxes: Mapping[str, TaskBox], *, down: bool | None) -> Layout:
    if down is None:
        right = _layout(boxes, down=False)
        below = right if right.width <= _SCREEN else _layout(boxes, down=True)
        return below if below.width < right.width else right
    wanted = max((len(box.name) for box in boxes.values()), default=0) * _LETTER + _BEFORE_NAME + 12
    least = _AGAIN if any(box.again for box in boxes.values()) else _NARROW
    width = least if down else min(max(wanted, least), _WIDE)
    edges = {key: box.depends_on for key, box in boxes.items()}
    return lay_out(edges, Sizes(width=width, height=_HEIGHT, along=28 if down else 44), down=down)


def _lines(layout: Layout, boxes: Mapping[str, TaskBox], *, alone: bool) -> list[str]:
    """The lines between tasks as one path, those from a for_each to its steps as another."""
    hanging = [line for line in layout.lines if boxes[line.child].hangs]
    others = [line for line in layout.lines if not boxes[line.child].hangs]
    paths = (("l", _path(others, down=layout.down, alone=alone)), ("l h", _path(hanging, down=layout.down, alone=alone)))
    return [f'<path class="{kind}" d="{path}"/>' for kind, path in paths if path]


def _path(lines: Sequence[Line], *, down: bool, alone: bool) -> str:
    """Lines with a head at each box that they lead to; what two share is drawn once. In a picture that is looked at ``alone`` the heads
    come with the boxes, and very many lines are straight, which takes half as much."""
    straight = alone and len(lines) > _MANY_LINES
    parts: dict[str, None] = {}
    for line in lines:
        for part in _curves(line, down=down, straight=straight):
            parts[part] = None
    for x, y in {line.points[-1]: None for line in lines if not alone}:
        parts[f"M{round(x) - 4} {round(y) - 6}l4 6 4-6" if down else f"M{round(x) - 6} {round(y) - 4}l6 4-6 4"] = None
    return "".join(parts)


def _curves(line: Line, *, down: bool, straight: bool) -> list[str]:
    """The parts of a line: curves between layers, if they are not to be ``straight``, and straight through them."""
    found = []
    points = [(round(x), round(y)) for x, y in line.points]
    for at, ((x, y), (to_x, to_y)) in enumerate(zip(points, points[1:], strict=False)):
        right, below = to_x - x, to_y - y
        if at % 2 or not (right if down else below):
            found.append(f"M{x} {y}" + (f"v{below}" if down else f"h{right}"))
        elif straight:
            found.append(f"M{x} {y}l{right} {below}".replace(" -", "-"))
        else:
            bend = (0, below // 2, right, below // 2) if down else (right // 2, 0, right // 2, below)
            found.append(f"M{x} {y}c{' '.join(map(str, (*bend, right, below)))}".replace(" -", "-"))
    return found


def _box(at: int, box: TaskBox, place: str, width: float, behind: str, words: str) -> str:
    title = f"<title>{escape(box.sentence)}</title>"
    return f'<g class="t {mark_of(box.state).kind}" data-task="{at}" {place}>{title}{behind}{_strokes(box.state, width)}{words}</g>'


def _behind(width: float, x: int = 0, y: int = 0) -> str:
    """The edge of more boxes behind one that stands for many, and at ``x`` and ``y``."""
    return f'<path class="l" d="M{x + round(width)} {y + 5}h4v{_HEIGHT - 1}h-{round(width) - 5}v-4"/>'


def _repeated(layout: Layout, boxes: Mapping[str, TaskBox]) -> list[str]:
    """The boxes of a picture that is looked at alone. What those of one state share stands once, as the marker of a line that is not
    seen and has its corners where they have theirs; the words of those that stand in a row have one place together."""
    led_to = {line.child for line in layout.lines}
    corners: dict[tuple[str, bool], list[str]] = {}
    rows: dict[tuple[int, str], list[str]] = {}
    parts = []
    for box in boxes.values():
        x, y = round(layout.boxes[box.key].x), round(layout.boxes[box.key].y)
        corners.setdefault((box.state, box.key in led_to), []).append(f"{x} {y}")
        parts += [_behind(layout.sizes.width, x, y)] if box.many else []
        row = rows.setdefault((y if layout.down else x, mark_of(box.state).kind), [])
        name, said, style = _fitting(box, layout.sizes.width)
        places = (f'x="{x}"', f'x="{x}" y="16"{style}') if layout.down else (f'y="{y}"', f'y="{y + 16}"{style}')
        row += [f"<text {place}>{escape(text)}</text>" for place, text in zip(places, (name, said), strict=True)]
    for at, ((state, led), own) in enumerate(corners.items()):
        points = " ".join(own if len(own) > 1 else own * 2)
        parts.append(
            f'<marker id="s{at}" class="t {mark_of(state).kind}" markerUnits="userSpaceOnUse" style="overflow:visible">'
            f"{_strokes(state, layout.sizes.width)}{_head(layout) if led else ''}</marker>"
            f'<polyline fill="none" style="marker:url(#s{at})" points="{points}"/>'
        )
    for (start, kind), words in rows.items():
        place = f"{_BEFORE_NAME} {start + 19}" if layout.down else f"{start + _BEFORE_NAME} 19"
        parts.append(f'<g class="k {kind}" transform="translate({place})">{"".join(words)}</g>')
    return parts


def _head(layout: Layout) -> str:
    """The head of the lines that lead to a box, from the box's corner."""
    at = f"M{round(layout.sizes.width / 2) - 4} -6l4 6 4-6" if layout.down else f"M-6 {_HEIGHT // 2 - 4}l6 4-6 4"
    return f'<path class="l" d="{at}"/>'


def _strokes(state: str, width: float) -> str:
    return f'<rect width="{round(width)}" height="{_HEIGHT}" rx="6"/><path class="m" d="{mark_of(state).shape}"/>'


def _words(box: TaskBox, width: float) -> str:
    name, said, style = _fitting(box, width)
    return f'<text x="{_BEFORE_NAME}" y="19">{escape(name)}</text><text class="w" x="{_BEFORE_NAME}" y="35"{style}>{escape(said)}</text>'


def _fitting(box: TaskBox, width: float) -> tuple[str, str, str]:
    """Its name and what is said of it, as far as they fit into it, and the style of the latter, where that is smaller."""
    room = width - _BEFORE_NAME - 4
    said, style = box.said, ""
    if _wide(said) > room:
        style = _SMALLER_STYLE
        said = next((cut for most in range(len(said), 1, -1) if _wide(cut := _cut(said, most)) * _SMALLER <= room), _cut(said, 1))
    return _cut(box.name, int((room - 2) / _LETTER)), said, style


def _wide(said: str) -> float:
    """How wide it is at most, in the usual fonts."""
    return sum(_CAPITAL if letter.isupper() else _SMALL_LETTER for letter in said)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: max(1, most - 1)] + "…"
