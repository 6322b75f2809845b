"""The graph of a run as SVG: a box for each task with shape, word and colour of its state; groups where boxes are too many."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from nbflow.core.progress import RunProgress, TaskProgress
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


def graph_svg(run: RunProgress, *, down: bool | None = None, links: Mapping[str, str] | None = None, titles: bool = True) -> str:
    """The graph of ``run`` as it stands, from left to right or ``down``; where that is not said, to the right unless it is too wide.

    ``links`` maps tasks' keys to addresses that their boxes lead to. With ``titles`` each box tells all of it when pointed at, and
    bears ``data-task``, its number from 0. Without, the picture is smaller; it is to be looked at alone, for what boxes share has ids.
    """
    if len(run.tasks) > READABLE:
        return groups_svg(run)
    layout = _layout(run, down=down)
    sizes = layout.sizes
    parts, shared = [_lines(layout)], {task.state: f"s{at}" for at, task in enumerate(run.tasks.values())}
    parts += [] if titles else [f"<defs>{''.join(_shape(state, sizes.width, name) for state, name in shared.items())}</defs>"]
    for at, task in enumerate(run.tasks.values()):
        box = layout.boxes[task.task_key]
        place, words = f'transform="translate({round(box.x)} {round(box.y)})"', _words(task, sizes.width)
        if titles:
            drawn = _box(at, task, place, sizes.width, words)
        else:
            drawn = f'<g class="{mark_of(task.state).kind}" {place}><use href="#{shared[task.state]}"/>{words}</g>'
        link = (links or {}).get(task.task_key)
        parts.append(f'<a href="{escape(link)}">{drawn}</a>' if link else drawn)
    return canvas(run, layout.width, layout.height, "".join(parts), linked=bool(links))


def _layout(run: RunProgress, *, down: bool | None) -> Layout:
    if down is None:
        right = _layout(run, down=False)
        below = right if right.width <= _SCREEN else _layout(run, down=True)
        return below if below.width < right.width else right
    wanted = max((len(key) for key in run.tasks), default=0) * _LETTER + _BEFORE_NAME + 12
    width = _NARROW if down else min(max(wanted, _NARROW), _WIDE)  # two of them fit on the narrowest screens
    return lay_out(run.edges, Sizes(width=width, height=_HEIGHT, along=28 if down else 44), down=down)


def _lines(layout: Layout) -> str:
    """All lines as one path, with a head at each box that lines lead to; what two share is drawn once."""
    parts: dict[str, None] = {}
    for line in layout.lines:
        for part in _curves(line, down=layout.down):
            parts[part] = None
    for x, y in {line.points[-1]: None for line in layout.lines}:
        parts[f"M{round(x) - 4} {round(y) - 6}l4 6 4-6" if layout.down else f"M{round(x) - 6} {round(y) - 4}l6 4-6 4"] = None
    return f'<path class="l" d="{"".join(parts)}"/>' if parts else ""


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


def _box(at: int, task: TaskProgress, place: str, width: float, words: str) -> str:
    title = f"<title>{escape(task_words(task))}</title>"
    return f'<g class="t {mark_of(task.state).kind}" data-task="{at}" {place}>{title}{_strokes(task.state, width)}{words}</g>'


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


def _words(task: TaskProgress, width: float) -> str:
    name = _cut(task.task_key, int((width - _BEFORE_NAME - 6) / _LETTER))
    said = _cut(task.said, int((width - _BEFORE_NAME - 4) / 6.8))
    return f'<text x="{_BEFORE_NAME}" y="19">{escape(name)}</text><text class="w" x="{_BEFORE_NAME}" y="35">{escape(said)}</text>'


def task_words(task: TaskProgress) -> str:
    """A task in one sentence: its key, its state, why it did not run or what its error says."""
    why = task.reason or (task.error or {}).get("message") if task.state != "SUCCESS" else None
    return f"{task.task_key}: {task.said}" + (f" ({' '.join(str(why).split())[:300]})" if why else "")


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: max(1, most - 1)] + "…"
