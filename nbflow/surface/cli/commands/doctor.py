"""``nbflow doctor``: for each engine whether it would start here, and what is missing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from nbflow.define.pipelines.engines import engine_label, engine_problem
from nbflow.define.settings import Settings
from nbflow.surface.cli.options import common_options, json_option
from nbflow.surface.cli.session import Session, print_json
from nbflow.surface.cli.settings_options import settings_options
from nbflow.surface.cli.terminal import one_line, stdout

_STARTED = ("spark", "sail")


@click.command("doctor")
@click.argument("engines", metavar="[ENGINE]...", nargs=-1)
@json_option
@settings_options("python")
@common_options()
@click.pass_obj
def command(session: Session, /, engines: tuple[str, ...], as_json: bool, settings: dict[str, Any]) -> int:
    """Tell for each ENGINE whether it would start here, and what is missing.

    Without ENGINE: spark, sail, and the workspace's own. Nothing is started and nothing fetched: a server is asked what it
    is, Maven Central whether Delta's jars could be had where they are not there. Ends with 0 where the workspace's engine, or
    each ENGINE named, would start, otherwise with 1.
    """
    from nbflow.run.engines.examine import Check, examine

    for name in engines:
        if problem := engine_problem(name):
            raise click.UsageError(problem)
    workspace = session.find(Path.cwd(), settings)
    own, python = workspace.settings.engine, workspace.settings.python
    looked_at = list(dict.fromkeys(engines or (*_STARTED, own)))
    found: dict[str, list[Check]] = {name: examine(name, python, _memory(name, workspace.settings)) for name in looked_at if name != "auto"}
    would = {name: all(check.good for check in checks) for name, checks in found.items()}
    if "auto" in looked_at:
        for name in _STARTED:
            if name not in would:
                would[name] = all(check.good for check in examine(name, python))
        would["auto"] = any(would[name] for name in _STARTED)
    comes_to = next((name for name in _STARTED if would.get(name)), None) if "auto" in looked_at else None
    if as_json:
        print_json(_document(workspace.root, own, found, would, comes_to))
    else:
        stdout.line(f"workspace {workspace.root}, engine {engine_label(own)}")
        for name, checks in found.items():
            stdout.line("")
            stdout.line(f"{engine_label(name)}: {'would start' if would[name] else 'would not start'}")
            for check in checks:
                stdout.line(f"  {'ok     ' if check.good else 'missing'}  {check.what}: {one_line(check.found, 500)}")
        if "auto" in looked_at:
            stdout.line("")
            stdout.line(f"auto: comes to {comes_to}" if comes_to else "auto: neither would start")
    return 0 if all(would[name] for name in engines or (own,)) else 1


def _memory(engine: str, settings: Settings) -> str | None:
    """The memory that the settings give an engine; ``None`` where they do not."""
    said = settings.spark_conf.get("spark.driver.memory")
    return str(said) if said is not None else settings.driver_memory if engine == "spark" else None


def _document(root: Path, own: str, found: dict[str, list[Any]], would: dict[str, bool], comes_to: str | None) -> dict[str, Any]:
    checks = {
        engine_label(name): [{"what": check.what, "good": check.good, "found": check.found} for check in each]
        for name, each in found.items()
    }
    return {
        "version": 1,
        "workspace": str(root),
        "engine": engine_label(own),
        "auto": comes_to,
        "engines": [
            {"engine": name, "starts": would[full], "checks": checks.get(name, [])} for full in would if (name := engine_label(full))
        ],
    }
