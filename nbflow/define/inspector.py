"""The inspector: a notebook's parameters, read from its code without running it.

A cell tagged ``parameters`` declares them by plain assignments, by nbflow's widgets, or by Databricks'. Widgets of
``dbutils`` count in every cell, as on Databricks. papermill reads declarations with regular expressions; this reads
the syntax tree, and comments by their tokens.
"""

from __future__ import annotations

import ast
import io
import keyword
import re
import tokenize
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from nbflow.core.errors import Mistake
from nbflow.core.values import ValueType, convert
from nbflow.define.literals import annotated_type, literal, type_of
from nbflow.define.parameters import Parameter
from nbflow.define.source import parse_cell
from nbflow.define.widget_calls import WidgetCalls, WidgetMistake

_NO_HELP = re.compile(r"#\s*(type:|noqa|pylint:|pragma:|fmt:|isort:|nosec)")


@dataclass(frozen=True, slots=True)
class Inspection:
    """What was found: the parameters in their order, the index (from 0) of the cell tagged ``parameters``, mistakes."""

    parameters: tuple[Parameter, ...]
    parameters_cell: int | None
    mistakes: tuple[Mistake, ...]


def read_parameters(cells: Sequence[Mapping[str, Any]], file: str) -> Inspection:
    """The parameters that the code ``cells`` of a Python notebook declare; ``file`` is its path for messages."""
    tagged = [index for index, cell in enumerate(cells) if _is_tagged(cell)]
    reader = _Reader(file, WidgetCalls.of_imports(_trees(cells)))
    for index in tagged[1:]:
        first = tagged[0] + 1
        reader.wrong(f"cell {index + 1} is tagged 'parameters' as well as cell {first}", index, None, "keep one of the tags")
    if tagged:
        reader.read_tagged(tagged[0], cells[tagged[0]]["source"])
    for index, tree in _trees(cells):
        if index != (tagged[0] if tagged else None):
            reader.read_dbutils(index, tree)
    return Inspection(tuple(reader.found.values()), tagged[0] if tagged else None, tuple(reader.mistakes))


def _is_tagged(cell: Mapping[str, Any]) -> bool:
    return cell["cell_type"] == "code" and "parameters" in cell.get("metadata", {}).get("tags", [])


def _trees(cells: Sequence[Mapping[str, Any]]) -> Iterator[tuple[int, ast.Module]]:
    """The syntax trees of the code cells that have one."""
    for index, cell in enumerate(cells):
        if cell["cell_type"] == "code":
            try:
                yield index, parse_cell(cell["source"])
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                continue  # told where it matters: in the parameters cell here, in other cells by the kernel


class _Reader:
    """Collects parameters and mistakes."""

    def __init__(self, file: str, widgets: WidgetCalls) -> None:
        self._file, self._widgets = file, widgets
        self.found: dict[str, Parameter] = {}
        self.mistakes: list[Mistake] = []

    def wrong(self, message: str, index: int, key: str | None, hint: str | None = None, line: int | None = None) -> None:
        """Keep a mistake in the cell at ``index``; ``line`` counts the cell's lines."""
        where = f"cell {index + 1}" + (f", line {line}" if line else "")
        self.mistakes.append(Mistake(f"{message} ({where})", self._file, None, key, hint))

    def read_tagged(self, index: int, source: str) -> None:
        """Read the cell tagged ``parameters``."""
        try:
            tree = parse_cell(source)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            line = getattr(error, "lineno", None)
            self.wrong(f"the parameters cell is no Python: {getattr(error, 'msg', error)}", index, None, line=line)
            return
        comments = _comments(source)
        for statement in tree.body:
            for parameter in self._statement(statement, source, index):
                help_text = parameter.help or comments.get(statement.end_lineno or 0, "")
                self._add(replace(parameter, help=help_text, cell=index + 1, line=statement.lineno), index)

    def read_dbutils(self, index: int, tree: ast.Module) -> None:
        """Read the widgets of ``dbutils`` in another cell; one declared twice keeps its first form, as on Databricks."""
        for statement in tree.body:
            if isinstance(statement, ast.Expr):
                parameter = self._call(statement.value, index, statement.lineno, dbutils_only=True)
                if parameter is not None and parameter.name not in self.found:
                    self.found[parameter.name] = replace(parameter, cell=index + 1, line=statement.lineno)

    def _add(self, parameter: Parameter, index: int) -> None:
        before = self.found.get(parameter.name)
        if before is not None and not (before.widget and before.assigned is False and parameter.widget is None):
            hint = "keep one of them"
            self.wrong(f"the parameter {parameter.name!r} is declared twice", index, parameter.name, hint, parameter.line)
        self.found[parameter.name] = parameter

    def _statement(self, statement: ast.stmt, source: str, index: int) -> Iterator[Parameter]:
        """The parameter that a top-level statement declares, if it does."""
        if isinstance(statement, ast.Expr):
            parameter = self._call(statement.value, index, statement.lineno)
            if parameter is not None:
                yield parameter
            return
        if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
            target, value, annotation = statement.targets[0], statement.value, None
        elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
            target, value, annotation = statement.target, statement.value, statement.annotation
        else:
            return
        if not isinstance(target, ast.Name) or self._widgets.reads_a_widget(value):
            return
        parameter = self._call(value, index, statement.lineno)
        if parameter is None:
            yield self._plain(target.id, value, annotation, source, index)
        elif parameter.name != target.id and parameter.assigned:
            hint = f"write {parameter.name} = …, or rename the widget"
            message = f"the widget {parameter.name!r} is assigned to {target.id!r}: the variable bears the widget's name"
            self.wrong(message, index, parameter.name, hint, statement.lineno)
        else:
            yield parameter

    def _call(self, node: ast.expr, index: int, line: int, dbutils_only: bool = False) -> Parameter | None:
        """The parameter of a widget call."""
        try:
            parameter = self._widgets.parameter(node, dbutils_only)
        except WidgetMistake as mistake:
            self.wrong(str(mistake), index, mistake.name, mistake.hint, line)
            return None
        if parameter is not None and parameter.assigned and not _is_name(parameter.name):
            hint = "use a Python identifier"
            self.wrong(f"{parameter.name!r} is no name for a variable", index, parameter.name, hint, line)
        return replace(parameter, depends_on=self._uses(node)) if parameter and parameter.default_is_expression else parameter

    def _plain(self, name: str, value: ast.expr, annotation: ast.expr | None, source: str, index: int) -> Parameter:
        kind, choices = annotated_type(annotation) if annotation is not None else (None, None)
        text = ast.get_source_segment(source, value) or ast.unparse(value)
        try:
            default = literal(value)
        except ValueError:
            found = kind or ValueType("any")
            return Parameter(name, found, None, text, default_is_expression=True, depends_on=self._uses(value), choices=choices)
        if kind is None:
            kind = type_of(default)
        elif default is None:
            kind = replace(kind, optional=True)
        else:
            default = self._converted(name, default, kind, index, value.lineno)
        return Parameter(name, kind, default, text, choices=choices)

    def _converted(self, name: str, default: Any, kind: ValueType, index: int, line: int) -> Any:
        try:
            return convert(default, kind)
        except ValueError as error:
            self.wrong(f"the default of {name!r} does not fit {kind}: {error}", index, name, line=line)
            return default

    def _uses(self, node: ast.AST) -> tuple[str, ...]:
        names = [item.id for item in ast.walk(node) if isinstance(item, ast.Name)]
        return tuple(dict.fromkeys(name for name in names if name in self.found))


def _is_name(text: str) -> bool:
    return text.isidentifier() and not keyword.iskeyword(text)


def _comments(source: str) -> dict[int, str]:
    """The text of the comment on each line that has one, ``#`` and blanks stripped; notes to tools are none."""
    found = {}
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type == tokenize.COMMENT and not _NO_HELP.match(token.string):
                found[token.start[0]] = token.string.lstrip("#").strip()
    except (tokenize.TokenError, SyntaxError, IndentationError):
        pass  # a magic somewhere; what was found before it holds
    return found
