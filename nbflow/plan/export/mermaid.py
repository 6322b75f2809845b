"""A Plan as a Mermaid flowchart, which GitHub, GitLab and JupyterLab draw from Markdown."""

from __future__ import annotations

from collections.abc import Mapping

from nbflow.core.flow import RunIf
from nbflow.plan.export.text import value_text
from nbflow.plan.plan import Plan, PlannedTask

_LONGEST_VALUE = 60


def plan_mermaid(plan: Plan) -> str:
    """``plan`` as ``flowchart`` text: a node for each task with notebook and parameters, its dependencies as edges. The steps of a
    for_each hang at it by dotted ones."""
    names = {task.task_key: f"t{at}" for at, task in enumerate(plan.tasks, 1)}
    lines = ["flowchart TD"]
    for task in plan.tasks:
        lines.append(_node(names[task.task_key], task))
        lines += [_node(name, step) for name, step in _inside(names[task.task_key], task).items()]
    for task in plan.tasks:
        lines += _edges(task, names)
        inside = _inside(names[task.task_key], task)
        of_steps = {step.task_key: name for name, step in inside.items()}
        for name, step in inside.items():
            lines += _edges(step, of_steps) if step.depends_on else [f"    {names[task.task_key]} -.->|each item| {name}"]
    return "\n".join(lines)


def _inside(name: str, task: PlannedTask) -> dict[str, PlannedTask]:
    """The steps of a for_each by the names of their nodes."""
    return {f"{name}s{at}": step for at, step in enumerate(task.steps, 1)}


def _node(name: str, task: PlannedTask) -> str:
    opened, closed = ("{", "}") if task.work.kind == "condition" else ("[", "]")
    return f'    {name}{opened}"{_label(task)}"{closed}'


def _edges(task: PlannedTask, names: Mapping[str, str]) -> list[str]:
    asked = {edge.task_key: edge.outcome or edge.run_if for edge in task.edges}
    lines = []
    for parent in task.depends_on:
        word = asked.get(parent) or (str(task.run_if) if task.run_if is not RunIf.ALL_SUCCESS else "")
        lines.append(f"    {names[parent]} -->{f'|{word}|' if word else ''} {names[task.task_key]}")
    return lines


def _label(task: PlannedTask) -> str:
    values = [f"{argument.name} = {_cut(value_text(argument))}" for argument in task.arguments]
    return "<br/>".join(map(_escaped, [task.task_key, _cut(task.work.name), *values]))


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 3] + "..."


def _escaped(text: str) -> str:
    """``text`` so that Mermaid shows it literally: its entity codes for all that means something to it or to HTML."""
    return "".join(letter if letter.isalnum() or letter in " _-./=,:" else f"#{ord(letter)};" for letter in text)
