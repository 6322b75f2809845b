"""The inspector: a notebook's parameters, read from its code without running it.

A cell tagged ``parameters`` declares them by plain assignments, by nbflow's widgets, or by Databricks'. Widgets of
``dbutils`` count in every cell, as on Databricks. papermill reads declarations with regular expressions; this reads
the syntax tree, and comments by their tokens.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from nbflow.core.errors import Mistake
from nbflow.core.natural import type_of
from nbflow.core.sql_text import statements_of
from nbflow.core.values import TEXT, ValueType, convert, shown
from nbflow.core.widget_statements import widget_statement
from nbflow.define.notebooks.comments import TYPE_COMMENT, comments
from nbflow.define.notebooks.inference import inferred_type
from nbflow.define.notebooks.literals import annotated_type, imported_names, is_plain, literal
from nbflow.define.notebooks.names import is_name
from nbflow.define.notebooks.parameters import Parameter
from nbflow.define.notebooks.source import MAGIC_VALUE, parse_cell, plain_source
from nbflow.define.notebooks.widget_calls import WidgetCalls, WidgetMistake


@dataclass(frozen=True, slots=True)
class Inspection:
    """What was found: the parameters in their order, the index (from 0) of the cell tagged ``parameters``, mistakes."""

    parameters: tuple[Parameter, ...]
    parameters_cell: int | None
    mistakes: tuple[Mistake, ...]


def read_parameters(cells: Sequence[Mapping[str, Any]], file: str, lines: Sequence[int] = ()) -> Inspection:
    """The parameters that the code ``cells`` of a Python notebook declare; ``file`` is its path for messages, ``lines`` where cells
    begin in it, if they do."""
    tagged = [index for index, cell in enumerate(cells) if _is_tagged(cell)]
    trees = dict(_trees(cells))
    reader = _Reader(file, WidgetCalls.of_imports(trees.items()), imported_names(trees.values()), lines)
    for index in tagged[1:]:
        first = tagged[0] + 1
        reader.wrong(f"cell {index + 1} is tagged 'parameters' as well as cell {first}", index, None, "keep one of the tags")
    if tagged:
        reader.read_tagged(tagged[0], cells[tagged[0]]["source"])
    for index, tree in trees.items():
        if index != (tagged[0] if tagged else None):
            reader.read_dbutils(index, tree)
            reader.read_statements(index, cells[index]["source"])
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
    """Collects parameters and mistakes. ``names`` are what the notebook's imports mean."""

    def __init__(self, file: str, widgets: WidgetCalls, names: Mapping[str, str], lines: Sequence[int] = ()) -> None:
        self._file, self._widgets, self._names, self._lines = file, widgets, names, lines
        self._source = ""
        self._comments: dict[int, str] = {}
        self.found: dict[str, Parameter] = {}
        self.mistakes: list[Mistake] = []

    def wrong(self, message: str, index: int, key: str | None, hint: str | None = None, line: int | None = None) -> None:
        """Keep a mistake in the cell at ``index``; ``line`` counts the cell's lines."""
        if self._lines:
            self.mistakes.append(Mistake(message, self._file, self._lines[index] + (line or 1) - 1, key, hint))
            return
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
        self._source, self._comments = source, comments(plain_source(source))
        for statement in tree.body:
            for parameter in self._statement(statement, index):
                text = parameter.help or TYPE_COMMENT.sub("", self._comments.get(statement.end_lineno or 0, "")).strip()
                self._add(replace(parameter, help=text, cell=index + 1, line=statement.lineno), index)

    def read_dbutils(self, index: int, tree: ast.Module) -> None:
        """Read the widgets of ``dbutils`` in another cell; one declared twice keeps its first form, as on Databricks."""
        for statement in tree.body:
            value = statement.value if isinstance(statement, (ast.Expr, ast.Assign)) else None
            parameter = self._call(value, index, statement.lineno, dbutils_only=True) if value is not None else None
            if parameter is not None and parameter.name not in self.found:
                self.found[parameter.name] = replace(parameter, cell=index + 1, line=statement.lineno)

    def read_statements(self, index: int, source: str) -> None:
        """Read the widgets that a cell in SQL makes."""
        if not source.startswith("%%sql") or "WIDGET" not in source.upper():
            return
        body = len(source.partition("\n")[0])
        for piece in statements_of(source[body:]):
            found = widget_statement(source[body:][piece.start : piece.end])
            if found is not None and found.kind != "remove" and found.name not in self.found:
                line = source.count("\n", 0, body + piece.start) + 1
                self.found[found.name] = Parameter(
                    found.name, TEXT, found.default, repr(found.default), widget=found.kind, assigned=False, cell=index + 1, line=line
                )

    def _add(self, parameter: Parameter, index: int) -> None:
        before = self.found.get(parameter.name)
        if before is not None and before.widget and (before.assigned or parameter.widget):
            hint = "keep one of them"
            self.wrong(f"the parameter {parameter.name!r} is declared twice", index, parameter.name, hint, parameter.line)
        self.found[parameter.name] = parameter

    def _statement(self, statement: ast.stmt, index: int) -> Iterator[Parameter]:
        """The parameters that a top-level statement declares."""
        if isinstance(statement, ast.Expr):
            parameter = self._call(statement.value, index, statement.lineno)
            if parameter is not None:
                yield parameter
        elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            yield from self._assigned(statement, statement.target.id, statement.value, statement.annotation, index)
        elif isinstance(statement, ast.Assign):
            annotation = self._annotation_in_comment(statement)
            if len(statement.targets) == 1 and isinstance(statement.targets[0], ast.Name):
                yield from self._assigned(statement, statement.targets[0].id, statement.value, annotation, index)

    def _assigned(
        self, statement: ast.stmt, name: str, value: ast.expr | None, annotation: ast.expr | None, index: int
    ) -> Iterator[Parameter]:
        if value is None:  # ``x: int`` alone: a parameter without a default
            kind, choices = annotated_type(annotation) if annotation is not None else (ValueType("any"), None)
            yield Parameter(name, kind, choices=choices)
            return
        if self._widgets.reads_a_widget(value):
            return
        if not self._widgets.is_declaration(value):
            yield self._plain(name, value, annotation, index)
            return
        parameter = self._call(value, index, statement.lineno)
        if parameter is None:
            return
        if parameter.name != name and parameter.assigned and is_name(parameter.name):
            hint = f"write {parameter.name} = …, or rename the widget"
            message = f"the widget {parameter.name!r} is assigned to {name!r}: the variable bears the widget's name"
            self.wrong(message, index, parameter.name, hint, statement.lineno)
        yield parameter

    def _call(self, node: ast.expr, index: int, line: int, dbutils_only: bool = False) -> Parameter | None:
        """The parameter of a widget call."""
        types = {name: parameter.type for name, parameter in self.found.items()}
        try:
            parameter = self._widgets.parameter(node, dbutils_only, self._names, types)
        except WidgetMistake as mistake:
            self.wrong(str(mistake), index, mistake.name, mistake.hint, line)
            return None
        if parameter is not None and parameter.assigned and not is_name(parameter.name):
            hint = "use a Python identifier"
            self.wrong(f"{parameter.name!r} is no name for a variable", index, parameter.name, hint, line)
        return replace(parameter, depends_on=self._uses(node)) if parameter and parameter.default_is_expression else parameter

    def _plain(self, name: str, value: ast.expr, annotation: ast.expr | None, index: int) -> Parameter:
        kind, choices = annotated_type(annotation) if annotation is not None else (None, None)
        text = self._text(value)
        try:
            default = literal(value, self._names)
        except ValueError:
            default = ...
        if default is ... or not is_plain(default):
            types = {known: parameter.type for known, parameter in self.found.items()}
            found = kind or inferred_type(value, types, self._names)
            return Parameter(name, found, None, text, default_is_expression=True, depends_on=self._uses(value), choices=choices)
        if kind is None:
            kind = type_of(default)
        elif default is None:
            kind = replace(kind, optional=True)
        else:
            default = self._fitting(name, default, kind, choices, index, value.lineno)
        return Parameter(name, kind, default, text, choices=choices)

    def _fitting(self, name: str, default: Any, kind: ValueType, choices: tuple[Any, ...] | None, index: int, line: int) -> Any:
        """The default as the type that its annotation names."""
        try:
            default = convert(default, kind)
        except ValueError as error:
            self.wrong(f"the default of {name!r} does not fit {kind}: {error}", index, name, line=line)
            return default
        if choices is not None and default not in choices:
            hint = f"choices are {', '.join(map(str, choices))}"
            self.wrong(f"the default {shown(default)} of {name!r} is none of its choices", index, name, hint, line)
        return default

    def _text(self, node: ast.expr) -> str:
        """The code of an expression as the author wrote it."""
        if isinstance(node, ast.Name) and node.id == MAGIC_VALUE:
            return self._source.split("\n")[node.lineno - 1].partition("=")[2].strip()
        return ast.get_source_segment(self._source, node) or ast.unparse(node)

    def _annotation_in_comment(self, statement: ast.stmt) -> ast.expr | None:
        """The type that ``# type: int`` behind a statement names, as papermill reads it."""
        found = TYPE_COMMENT.match(self._comments.get(statement.end_lineno or 0, ""))
        if found is None or found.group("type").startswith("ignore"):
            return None
        return ast.Constant(value=found.group("type"))

    def _uses(self, node: ast.AST) -> tuple[str, ...]:
        names = [item.id for item in ast.walk(node) if isinstance(item, ast.Name)]
        return tuple(dict.fromkeys(name for name in names if name in self.found))
