"""Options that several commands share, and how their texts become values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import click

from nbflow.core.call_options import FROM, JOB, LOGICAL_DATE, ONLY, TARGET, UNTIL, VARIABLES, CallOption, name_and_value
from nbflow.core.errors import DefinitionError, Mistake
from nbflow.surface.cli.session import Session

_Function = TypeVar("_Function", bound=Callable[..., Any])


def common_options(outermost: bool = False) -> Callable[[_Function], _Function]:
    """``--workspace`` and ``--debug``, which stand before or after the command; ``outermost`` is before."""

    def decorate(function: _Function) -> _Function:
        function = click.option("--debug", is_flag=True, expose_value=False, help="Show the whole traceback of a fault of nbflow's own.")(
            function
        )
        return click.option(
            "--workspace", metavar="DIR", expose_value=False, callback=_take_workspace,
            type=click.Path(exists=True, file_okay=False, path_type=Path),
            envvar="NBFLOW_WORKSPACE" if outermost else None, show_envvar=outermost,
            help="The workspace's root, instead of the nearest folder that looks like one.",
        )(function)  # fmt: skip

    return decorate


def _take_workspace(ctx: click.Context, _: click.Parameter, folder: Path | None) -> None:
    session = ctx.find_object(Session)
    if folder is not None and session is not None:
        session.workspace = folder.resolve()


json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout.")

parameter_option = click.option(
    "-p", "--parameter", "parameters", multiple=True, metavar="NAME=VALUE",
    help="Give a parameter its value; may be repeated, the later wins.",
)  # fmt: skip

parameters_file_option = click.option(
    "--parameters-file", "parameters_file", metavar="FILE", type=click.Path(path_type=Path),
    help="Take values from a JSON object in a file; -p wins over it.",
)  # fmt: skip


def _option(option: CallOption, *names: str) -> Callable[[_Function], _Function]:
    return click.option(option.flag, *names, metavar=option.metavar, help=option.help, multiple=option.many)


only_option = _option(ONLY)
from_option = _option(FROM, "start")
until_option = _option(UNTIL)
job_option = _option(JOB)
target_option = _option(TARGET)
variable_option = _option(VARIABLES, "variables")
logical_date_option = _option(LOGICAL_DATE)

allow_missing_option = click.option(
    "--allow-missing/--no-allow-missing", default=None, help="Leave out tasks of kinds that only Databricks has, with a warning each."
)
compat_option = click.option(
    "--compat/--no-compat", default=None, help="Leave what looks like a reference and is none as text, as Databricks does."
)
strict_option = click.option("--strict/--no-strict", default=None, help="Take every warning for an error.")


def read_parameters(pairs: Sequence[str], file: Path | None = None) -> dict[str, Any]:
    """The values of ``-p`` (text) and of a JSON file, by name. Raises ``DefinitionError`` with every mistake."""
    return {**({} if file is None else _from_file(file)), **read_pairs(pairs, "-p")}


def read_pairs(pairs: Sequence[str], option: str) -> dict[str, str]:
    """The values that ``option`` gives, by name; the later wins. Raises ``DefinitionError`` with every mistake."""
    values, mistakes = {}, []
    for pair in pairs:
        try:
            name, value = name_and_value(pair)
        except ValueError as error:
            mistakes.append(Mistake(str(error), key=option, hint=f"write {option} name=value"))
        else:
            values[name] = value
    if mistakes:
        raise DefinitionError(mistakes)
    return values


def _from_file(file: Path) -> dict[str, Any]:
    import json  # not for --help

    try:
        document = json.loads(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise DefinitionError([Mistake(f"cannot be read: {error.strerror or error}", str(file), key="--parameters-file")]) from None
    except ValueError as error:
        line = getattr(error, "lineno", None)
        raise DefinitionError([Mistake(f"is no JSON: {error}", str(file), line, "--parameters-file")]) from None
    if not isinstance(document, dict):
        mistake = Mistake("expected an object with a value for each name", str(file), 1, "--parameters-file")
        raise DefinitionError([mistake])
    return document


def refuse_warnings(warnings: Sequence[Mistake]) -> None:
    """What ``--strict`` means. Raises ``DefinitionError`` where there are warnings."""
    if warnings:
        raise DefinitionError(replace(warning, hint=_refused(warning.hint)) for warning in warnings)


def _refused(hint: str | None) -> str:
    return f"{hint}; a warning, refused by --strict" if hint else "a warning, refused by --strict"
