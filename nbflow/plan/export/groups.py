"""The graph of a run with very many tasks as SVG: a row for each layer, or some of them, with how many tasks are in which state."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from html import escape

from nbflow.core.progress import RunProgress, TaskProgress
from nbflow.plan.export.canvas import canvas
from nbflow.plan.export.marks import in_turn, mark_of
from nbflow.plan.graph import in_order

_MOST_ROWS = 24
_WIDTH, _HEIGHT, _BETWEEN = 352, 50, 14
_MOST_SAID = 3
_EACH = 108


@dataclass(frozen=True, slots=True)
class Group:
    """The tasks of the layers ``first`` to ``last``, counted from 1."""

    first: int
    last: int
    tasks: tuple[TaskProgress, ...]


def groups_of(run: RunProgress) -> list[Group]:
    """The tasks by layers: a task's is one more than the highest of those it depends on. At most 24 groups, of as many
    layers each."""
    layer: dict[str, int] = {}
    edges = run.edges
    for key in in_order({key: [parent for parent in parents if parent in edges] for key, parents in edges.items()}):
        layer[key] = max((layer[parent] + 1 for parent in edges[key] if parent in edges), default=0)
    count = max(layer.values(), default=-1) + 1
    each = -(-count // _MOST_ROWS) or 1
    found: dict[int, list[TaskProgress]] = {}
    for key, task in run.tasks.items():
        found.setdefault(layer[key] // each, []).append(task)
    return [Group(at * each + 1, min((at + 1) * each, count), tuple(found[at])) for at in sorted(found)]


def groups_svg(run: RunProgress) -> str:
    """The groups of ``run`` below one another, each with the counts of its states, what wants to be looked at first."""
    groups = groups_of(run)
    parts = []
    for at, group in enumerate(groups):
        top = at * (_HEIGHT + _BETWEEN)
        if at:
            parts.append(f'<path class="l" d="M{_WIDTH // 2} {top - _BETWEEN}v{_BETWEEN}m-4-6l4 6 4-6"/>')
        parts.append(_group(group, top))
    return canvas(run, _WIDTH, len(groups) * (_HEIGHT + _BETWEEN) - _BETWEEN, "".join(parts))


def _group(group: Group, top: int) -> str:
    states = in_turn(dict(Counter(task.state for task in group.tasks)))
    steps = f"step {group.first}" if group.first == group.last else f"steps {group.first} to {group.last}"
    count = f"{len(group.tasks)} task{'' if len(group.tasks) == 1 else 's'}"
    failed = [task.task_key for task in group.tasks if task.failed]
    named = f": {', '.join(failed[:5])}{', …' if len(failed) > 5 else ''} failed" if failed else ""
    said = "".join(
        f'<g class="{mark_of(state).kind}" transform="translate({10 + at * _EACH} 27)"><path class="m" transform="scale(.8)" '
        f'd="{mark_of(state).shape}"/><text class="w" x="18" y="11">{number} {escape(_short(state))}</text></g>'
        for at, (state, number) in enumerate(states[:_MOST_SAID])
    )
    more = f'<text class="w" x="{_WIDTH - 8}" y="18" text-anchor="end">+ {len(states) - _MOST_SAID} states</text>'
    return (
        f'<g class="t {mark_of(states[0][0]).kind}" transform="translate(0 {top})"><title>{escape(f"{steps}, {count}{named}")}</title>'
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" rx="6"/><text x="10" y="18">{steps}: {count}</text>{said}'
        f"{more if len(states) > _MOST_SAID else ''}</g>"
    )


def _short(state: str) -> str:
    """A state that fits: the long ones in fewer letters."""
    return {"UPSTREAM_FAILED": "UPSTR. FAIL.", "UPSTREAM_CANCELED": "UPSTR. CANC.", "SUCCESS_WITH_FAILURES": "WITH FAIL."}.get(state, state)
