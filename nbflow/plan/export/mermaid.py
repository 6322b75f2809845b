"""A Plan as a Mermaid flowchart, which GitHub, GitLab and JupyterLab draw from Markdown."""

from __future__ import annotations

from nbflow.core.flow import RunIf
from nbflow.plan.export.text import value_text
from nbflow.plan.plan import Plan, PlannedTask

_LONGEST_VALUE = 60


def plan_mermaid(plan: Plan) -> str:
    """``plan`` as ``flowchart`` text: a node for each task with notebook and parameters, its dependencies as edges."""
    names = {task.task_key: f"t{at}" for at, task in enumerate(plan.tasks, 1)}
    lines = ["flowchart TD"]
    for task in plan.tasks:
        opened, closed = ("{", "}") if task.work.kind == "condition" else ("[", "]")
        lines.append(f'    {names[task.task_key]}{opened}"{_label(task)}"{closed}')
    for task in plan.tasks:
        asked = {edge.task_key: edge.outcome or edge.run_if for edge in task.edges}
        for parent in task.depends_on:
            word = asked.get(parent) or (str(task.run_if) if task.run_if is not RunIf.ALL_SUCCESS else "")
            lines.append(f"    {names[parent]} -->{f'|{word}|' if word else ''} {names[task.task_key]}")
    return "\n".join(lines)


def _label(task: PlannedTask) -> str:
    values = [f"{argument.name} = {_cut(value_text(argument))}" for argument in task.arguments]
    return "<br/>".join(map(_escaped, [task.task_key, _cut(task.work.name), *values]))


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 3] + "..."


def _escaped(text: str) -> str:
    """``text`` so that Mermaid shows it literally: its entity codes for all that means something to it or to HTML."""
    return "".join(letter if letter.isalnum() or letter in " _-./=,:" else f"#{ord(letter)};" for letter in text)
