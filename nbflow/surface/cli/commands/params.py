"""``nbflow params``: the parameters that a notebook declares, read without running it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nbflow.core.errors import UsageError
from nbflow.core.values import encode
from nbflow.define.notebooks.parameters import Parameter
from nbflow.surface.cli.layout import columns
from nbflow.surface.cli.options import common_options, job_option, json_option, read_pairs, target_option, variable_option
from nbflow.surface.cli.session import DOCUMENT_VERSION, Session, print_json
from nbflow.surface.cli.start import start_of
from nbflow.surface.cli.terminal import one_line, stdout

if TYPE_CHECKING:
    from nbflow.plan.plan import Plan, PlannedTask

PIPELINES = (".yml", ".yaml")


@click.command("params")
@click.argument("notebook")
@json_option
@job_option
@target_option
@variable_option
@common_options()
@click.pass_obj
def command(session: Session, notebook: str, as_json: bool, job: str | None, target: str | None, variables: tuple[str, ...]) -> None:
    """Show the parameters that NOTEBOOK declares: name, type, default, choices, label and help.

    Of a pipeline's file, shows the pipeline's: name, default, and the tasks that take it.
    """
    from nbflow.define.notebooks.file import read_notebook, resolve_notebook_path

    if Path(notebook).suffix in PIPELINES:
        workspace = session.find(start_of(notebook))
        plan = workspace.plan(notebook, {}, Path.cwd(), job=job, target=target, variables=read_pairs(variables, "--var"))
        _print_pipeline(plan, as_json)
        return
    root = session.find(Path(notebook).absolute().parent).root
    path = resolve_notebook_path(notebook, Path.cwd(), root)
    if path is None:
        raise UsageError(f"there is no notebook {notebook}" if notebook else "no notebook is named")
    found = read_notebook(path, notebook, root)
    if as_json:
        listed = [parameter_document(parameter) for parameter in found.parameters]
        print_json({"version": DOCUMENT_VERSION, "notebook": str(path), "parameters": listed})
        return
    if not found.parameters:
        stdout.line(f"{one_line(notebook)} declares no parameters" + _why_none(found.parameters_cell, found.declares))
        return
    rows = [_row(parameter) for parameter in found.parameters]
    heading, *lines = columns([("name", "type", "default", "choices", "label", "help"), *rows])
    stdout.line(stdout.paint(heading, "bold"))
    for line in lines:
        stdout.line(line)


def _print_pipeline(plan: Plan, as_json: bool) -> None:
    """The parameters of a pipeline, and which tasks take each."""
    taken = {name: [task.task_key for task in plan.all_tasks if _takes(task, name)] for name in plan.parameters}
    if as_json:
        listed = [{"name": name, "default": encode(value), "tasks": taken[name]} for name, value in plan.parameters.items()]
        print_json({"version": DOCUMENT_VERSION, "pipeline": plan.pipeline, "parameters": listed})
        return
    if not plan.parameters:
        stdout.line(f"{one_line(plan.pipeline)} has no parameters")
        return
    rows = [(one_line(name), one_line(_json(value), 60), ", ".join(taken[name])) for name, value in plan.parameters.items()]
    heading, *lines = columns([("name", "default", "tasks"), *rows])
    stdout.line(stdout.paint(heading, "bold"))
    for line in lines:
        stdout.line(line)


def _takes(task: PlannedTask, name: str) -> bool:
    return any(argument.name == name and argument.origin == "pipeline" for argument in task.arguments)


def _why_none(cell: int | None, declares: bool) -> str:
    if cell is None:
        return ": no cell is tagged 'parameters'"
    nothing = ": its cell tagged 'parameters' assigns no plain 'name = value' and calls no widget"
    return nothing if declares else ": only Python notebooks are read"


def parameter_document(parameter: Parameter) -> dict[str, Any]:
    """A parameter as JSON. ``default`` is encoded; for an expression ``None``, its text in ``default_source``."""
    return {
        "name": parameter.name,
        "type": str(parameter.type),
        "default": encode(parameter.default),
        "default_is_expression": parameter.default_is_expression,
        "default_source": parameter.default_source,
        "depends_on": list(parameter.depends_on),
        "choices": None if parameter.choices is None else encode(list(parameter.choices)),
        "suggestions": encode(list(parameter.suggestions)),
        "minimum": encode(parameter.minimum),
        "maximum": encode(parameter.maximum),
        "label": parameter.label,
        "help": parameter.help,
        "widget": parameter.widget,
        "assigned": parameter.assigned,
        "cell": parameter.cell,
        "line": parameter.line,
    }


def _row(parameter: Parameter) -> tuple[str, ...]:
    default = parameter.default_source if parameter.default_is_expression else _json(parameter.default)
    allowed = parameter.choices if parameter.choices is not None else parameter.suggestions
    choices = ", ".join(map(_plain, allowed))
    if not choices and (parameter.minimum is not None or parameter.maximum is not None):
        choices = f"{_bound(parameter.minimum)}..{_bound(parameter.maximum)}"
    elif parameter.choices is None and parameter.suggestions:
        choices += ", ..."
    return (
        one_line(parameter.name), str(parameter.type), one_line(default, 60), one_line(choices, 60),
        one_line(parameter.label), one_line(parameter.help, 500),
    )  # fmt: skip


def _json(value: Any) -> str:
    return json.dumps(encode(value), ensure_ascii=False, default=str)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else _json(value)


def _bound(value: Any) -> str:
    return "" if value is None else _plain(encode(value))
