"""A parameter as a notebook declares it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nbflow.core.values import TEXT, ValueType


@dataclass(frozen=True, slots=True)
class Parameter:
    """One declared parameter of a notebook.

    ``default`` is the value where it can be read without running the notebook, else ``None`` with the expression's text in
    ``default_source`` (``default_is_expression`` is then true); ``depends_on`` names the parameters that the
    expression uses. ``choices`` are the values allowed (``None``: any; a combobox suggests and allows any, so its
    choices stand in ``suggestions``). ``minimum`` and ``maximum`` bound a number or a date. ``widget`` says how it
    was declared: ``None`` for a plain assignment, else the widget's name (``dropdown``, ``number``, …); ``assigned``
    is true where a variable of the parameter's name exists after its cell ran, so that a value can be injected as an
    assignment. ``cell`` counts the notebook's cells from 1, ``line`` the lines of that cell.
    """

    name: str
    type: ValueType = TEXT
    default: Any = None
    default_source: str = ""
    default_is_expression: bool = False
    depends_on: tuple[str, ...] = ()
    choices: tuple[Any, ...] | None = None
    suggestions: tuple[Any, ...] = ()
    minimum: Any = None
    maximum: Any = None
    label: str = ""
    help: str = ""
    widget: str | None = None
    assigned: bool = True
    cell: int = 1
    line: int = 1
