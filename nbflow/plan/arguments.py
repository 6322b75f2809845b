"""Arguments: which value a task's parameter gets, and of which type.

Precedence is Databricks': the run's request, the pipeline's parameter, the task's parameter, the notebook's default. A
pipeline's parameter reaches each notebook that declares its name.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nbflow.core.errors import Mistake
from nbflow.core.natural import type_of
from nbflow.core.values import ANY, convert, shown
from nbflow.define.nearest import did_you_mean
from nbflow.define.notebooks.names import is_name, is_python
from nbflow.define.notebooks.notebook import Notebook
from nbflow.define.notebooks.parameters import Parameter
from nbflow.define.pipelines.pipeline import Place, Task
from nbflow.plan.plan import Argument
from nbflow.plan.reference_text import Verbatim, references_in
from nbflow.plan.references import Known, ReferenceProblem, find_references, resolve

_ASKS = re.compile(r"\bdbutils\s*\.\s*widgets\b|\bwidgets\.get(?:All|Argument)?\s*\(|\bgetArgument\s*\(|^\s*%run\b", re.MULTILINE)
"""What asks for widgets by name, or includes a notebook that may."""


@dataclass(frozen=True, slots=True)
class Given:
    """A value before it is converted: as written, with where it comes from and where relative paths in it start."""

    value: Any
    origin: str
    folder: Path
    place: Place


def task_arguments(
    task: Task, notebook: Notebook, shared: Mapping[str, Given], folder: Path, known: Known
) -> tuple[tuple[Argument, ...], list[Mistake]]:
    """The arguments of ``task``, declared ones in the notebook's order, and every mistake in them.

    ``shared`` are the pipeline's parameters and the run's, ``folder`` is where paths of the pipeline file start,
    ``known`` what references can be replaced with (its ``parameters`` as written). A pipeline's parameter is pushed down to every
    notebook that asks for widgets and whose parameters are not all known, as on Databricks, unless tasks make it; it becomes no
    variable there.
    """
    mistakes: list[Mistake] = []
    own = {name: Given(value, "task", folder, task.place(f"parameters.{name}")) for name, value in task.own_parameters.items()}
    declared = {parameter.name: parameter for parameter in notebook.parameters}
    if notebook.declares:
        for name in [name for name in own if name not in declared]:
            mistakes.append(_unknown(name, own.pop(name).place, notebook, declared))
        reaching = {name: shared[name] for name in declared if name in shared}
    else:
        everything = asks_for_widgets(notebook)
        reaching = {
            name: given
            for name, given in shared.items()
            if name in declared or name in own or given.origin == "run" or (everything and not _of_tasks(given.value))
        }
    if not is_python(notebook.language):
        mistakes += [_nameless(name, own[name].place, notebook) for name in own if not is_name(name, notebook.language)]
        reaching = {name: given for name, given in reaching.items() if is_name(name, notebook.language)}
    given = {**own, **reaching}
    for name in [name for name in own if name in reaching]:
        mistakes += _tried(name, own[name], declared.get(name), shared, known)[
            1
        ]  # it has no effect, and is held against its type all the same
    arguments = []
    for name in [*declared, *(name for name in given if name not in declared)]:
        if name not in given:
            arguments.append(_default(declared[name]))
            continue
        argument, wrong = _tried(name, given[name], declared.get(name), shared, known)
        mistakes += wrong
        if argument is not None:
            pushed_down = name not in own and given[name].origin == "pipeline"
            widget_only = argument.declared is None and (notebook.databricks or pushed_down)
            arguments.append(replace(argument, assigned=False) if widget_only else argument)
    return tuple(arguments), mistakes


def asks_for_widgets(notebook: Notebook) -> bool:
    """Whether a Python notebook, or one that it includes, may ask for widgets that it does not declare."""
    code = [cell["source"] for cell in notebook.document.get("cells", ()) if cell["cell_type"] == "code"]
    return not notebook.declares and is_python(notebook.language) and (notebook.databricks or any(map(_ASKS.search, code)))


def _of_tasks(value: Any) -> bool:
    """Whether a parameter is what tasks make of it: it reaches those that name it, which come after them."""
    return not isinstance(value, Verbatim) and any(name[0] == "tasks" for found in references_in(value) for name in found.names)


def _tried(
    name: str, given: Given, parameter: Parameter | None, shared: Mapping[str, Given], known: Known
) -> tuple[Argument | None, list[Mistake]]:
    """The argument that a value makes, or what is wrong with it."""
    try:
        return _argument(name, given, parameter, shared, known), []
    except ValueError as error:
        hint = getattr(error, "hint", None)
        message = str(error) if hint or isinstance(error, ReferenceProblem) else f"parameter {name!r}: {error}"
        return None, [Mistake(message, given.place.file, given.place.line, given.place.key, hint)]


def _unknown(name: str, place: Place, notebook: Notebook, declared: Mapping[str, Parameter]) -> Mistake:
    listed = f"it declares {', '.join(declared)}" if declared else "it declares none"
    hint = did_you_mean(name, declared) or listed
    return Mistake(f"{notebook.path.name} has no parameter {name!r}", place.file, place.line, place.key, hint)


def _nameless(name: str, place: Place, notebook: Notebook) -> Mistake:
    message = f"{notebook.path.name}: no variable of {notebook.language} can bear the name {name!r}"
    return Mistake(message, place.file, place.line, place.key, "letters, digits and '_'")


def _default(parameter: Parameter) -> Argument:
    value = parameter.default_source if parameter.default_is_expression else parameter.default
    return Argument(
        parameter.name, value, parameter.type, "notebook", assigned=parameter.assigned,
        widget=parameter.widget is not None, choices=parameter.choices, declared=parameter,
    )  # fmt: skip


def _argument(name: str, given: Given, parameter: Parameter | None, shared: Mapping[str, Given], known: Known) -> Argument:
    value, late = resolve(given.value, known)
    argument = Argument(
        name, value, parameter.type if parameter else ANY, given.origin, late,
        assigned=parameter.assigned if parameter else True,
        widget=bool(parameter and parameter.widget),
        choices=parameter.choices if parameter else None,
        declared=parameter, folder=_folder(given, shared), place=given.place,
    )  # fmt: skip
    return argument if late else replace(argument, value=fit(value, argument))


def _folder(given: Given, shared: Mapping[str, Given]) -> Path:
    """Where a relative path in the value starts: with the parameter that a lone reference names, else with the value."""
    if isinstance(given.value, str) and "{{" in given.value:
        found = list(find_references(given.value))
        parts = found[0].terms[0].parts if found else ()
        if parts[:2] == ("job", "parameters") and found[0].start == 0 and parts[2] in shared:
            return shared[parts[2]].folder
    return given.folder


def fit(value: Any, argument: Argument) -> Any:
    """``value`` converted to the argument's type and held against its choices and limits.

    Used for what the plan knows and, by the run, for what only the run knows. Raises ``ValueError`` with a sentence.
    """
    converted = convert(value, argument.type)
    if argument.folder is not None:
        converted = _absolute(converted, argument.folder)
    parameter = argument.declared
    if parameter is None or converted is None:
        return converted
    try:
        return _allowed(converted, parameter)
    except ArithmeticError:  # a Decimal that is no number cannot even be compared
        msg = f"{shown(converted)} cannot be compared"
        raise ValueError(msg) from None


def _allowed(converted: Any, parameter: Parameter) -> Any:
    """``converted`` as one of the choices that it spells, within the limits. Raises ``ValueError``."""
    if parameter.choices is not None:
        converted = _meant(converted, parameter.choices)
        picks = _picks(converted, parameter)
        wrong = [pick for pick in picks if pick not in parameter.choices]
        if wrong:
            msg = f"{shown(wrong[0])} is none of the choices {', '.join(map(str, parameter.choices))}"
            nearest = did_you_mean(str(wrong[0]), map(str, parameter.choices))
            raise ValueError(f"{msg}; {nearest}" if nearest else msg)
    if parameter.minimum is not None and not converted >= parameter.minimum:  # so that "not a number" is refused as well
        msg = f"{converted} is less than {parameter.minimum}"
        raise ValueError(msg)
    if parameter.maximum is not None and not converted <= parameter.maximum:
        msg = f"{converted} is more than {parameter.maximum}"
        raise ValueError(msg)
    return converted


def _absolute(value: Any, folder: Path) -> Any:
    """``value`` with the relative paths in it starting at ``folder``; ``~`` is the user's home, where there is such a user."""
    if isinstance(value, Path):
        return Path(os.path.abspath(folder / os.path.expanduser(value)))
    if isinstance(value, (list, tuple, set)):
        return type(value)(_absolute(item, folder) for item in value)
    if isinstance(value, dict):
        return {key: _absolute(item, folder) for key, item in value.items()}
    return value


def _meant(value: Any, choices: tuple[Any, ...]) -> Any:
    """``value`` with each text in it that is no choice replaced by the choice that it spells, as ``10`` among 10 and ``all``."""
    if isinstance(value, list):
        return [_meant(item, choices) for item in value]
    if not isinstance(value, str) or value in choices:
        return value
    return next((choice for choice in choices if not isinstance(choice, str) and _spells(value, choice)), value)


def _spells(text: str, choice: Any) -> bool:
    try:
        return bool(convert(text, type_of(choice)) == choice)
    except ValueError:
        return False


def _picks(value: Any, parameter: Parameter) -> list[Any]:
    if isinstance(value, (list, tuple, set)):
        return list(value)
    if parameter.widget == "multiselect":  # Databricks' multiselect is text, its picks joined by commas
        return str(value).split(",") if value else []
    return [value]
