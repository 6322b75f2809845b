"""``nbflow plan``: what a run would do. Nothing is started."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from nbflow.surface.cli.layout import short_path
from nbflow.surface.cli.options import (
    allow_missing_option,
    common_options,
    compat_option,
    from_option,
    job_option,
    logical_date_option,
    only_option,
    parameter_option,
    parameters_file_option,
    read_pairs,
    read_parameters,
    refuse_warnings,
    strict_option,
    target_option,
    until_option,
    variable_option,
)  # fmt: skip
from nbflow.surface.cli.session import Session, print_json
from nbflow.surface.cli.settings_options import settings_options
from nbflow.surface.cli.start import start_of
from nbflow.surface.cli.terminal import clean, stdout

if TYPE_CHECKING:
    from nbflow.plan.plan import Plan
    from nbflow.run.engines.choose import Choice
    from nbflow.workspace import Workspace


@click.command("plan")
@click.argument("pipeline")
@parameter_option
@parameters_file_option
@only_option
@from_option
@until_option
@job_option
@target_option
@variable_option
@logical_date_option
@click.option("--format", "form", type=click.Choice(["text", "json", "mermaid"]), default="text", help="How to print it.")
@strict_option
@allow_missing_option
@compat_option
@settings_options("engine", "kernel")
@common_options()
@click.pass_obj
def command(
    session: Session,
    pipeline: str,
    parameters: tuple[str, ...],
    parameters_file: Path | None,
    only: tuple[str, ...],
    start: tuple[str, ...],
    until: tuple[str, ...],
    job: str | None,
    target: str | None,
    variables: tuple[str, ...],
    logical_date: str | None,
    form: str,
    strict: bool | None,
    allow_missing: bool | None,
    compat: bool | None,
    settings: dict[str, str],
) -> None:
    """Show what a run of PIPELINE would do: its tasks in order, with every parameter and where its value comes from.

    PIPELINE is a path, the name of a file in pipelines/, or a notebook.
    """
    values = read_parameters(parameters, parameters_file)
    flags = {"strict": strict, "allow_missing": allow_missing, "compat": compat}
    workspace = session.find(start_of(pipeline), {**settings, **flags})
    bundle = target, read_pairs(variables, "--var")
    plan = workspace.plan(pipeline, values, Path.cwd(), only, job, logical_date, *bundle, start, until)
    if workspace.settings.strict:
        refuse_warnings(plan.warnings)
    foreseen = _foreseen(plan, workspace)
    if form == "json":
        from nbflow.plan.export.document import plan_document

        auto = None if foreseen is None else {"engine": foreseen.name, "reason": foreseen.reason}
        print_json({**plan_document(plan), "auto": auto})
    elif form == "mermaid":
        from nbflow.plan.export.mermaid import plan_mermaid

        stdout.line(clean(plan_mermaid(plan)))
    else:
        from nbflow.plan.export.text import plan_text

        comes_to = "" if foreseen is None else ", ".join(filter(None, (f"here {foreseen.name}", foreseen.reason)))
        stdout.line(clean(plan_text(plan, short_path, comes_to)))


def _foreseen(plan: Plan, workspace: Workspace) -> Choice | None:
    """What ``auto`` would come to, where the plan leaves its engine to the machine."""
    if not any(engine.name == "auto" for engine in plan.engines_used):
        return None
    from nbflow.run.engines.choose import foresee

    return foresee(workspace.settings.python)
