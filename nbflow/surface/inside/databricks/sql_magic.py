"""``%sql`` and ``%%sql``: statements for the notebook's Spark session, with widgets as ``:name``; the last one's rows are shown
and kept as ``_sqldf``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from nbflow.core.sql_text import parameters_of, statements_of, with_literals
from nbflow.core.widget_statements import WidgetStatement, widget_statement
from nbflow.surface.inside.context import current
from nbflow.surface.inside.databricks.dbutils import InputWidgetNotDefined, dbutils
from nbflow.surface.inside.databricks.display import display
from nbflow.surface.inside.parameters import registry
from nbflow.surface.inside.parameters.widgets import get, get_all

RESULT = "_sqldf"
_LEGACY = re.compile(r"\$\{(\w+)\}")


def make_sql_magic(shell: Any) -> Callable[..., None]:
    """The magic for ``shell``."""

    def sql(line: str, cell: str | None = None) -> None:
        frame = None
        text = "\n".join(filter(None, (line, cell)))
        for piece in statements_of(text):
            statement = text[piece.start : piece.end]
            widget = widget_statement(statement)
            if widget is not None:
                _widget(widget)
                continue
            frame = run_statement(statement)
        if frame is not None:
            shell.user_ns[RESULT] = frame
            if frame.columns:
                display(frame)

    return sql


def run_statement(statement: str) -> Any:
    """The DataFrame of one statement, the values of widgets in it. Raises ``InputWidgetNotDefined`` for a name without a value."""
    from nbflow.surface.inside.spark import session

    known = dbutils.widgets.getAll() if _LEGACY.search(statement) else {}
    statement = _LEGACY.sub(lambda found: known.get(found[1], found[0]), statement)
    values = {name: _value(name) for name in dict.fromkeys(parameter.name for parameter in parameters_of(statement))}
    context = current()
    if context is not None and context.spark is not None and context.spark.engine == "sail":
        # Sail takes no parameters in commands
        statement = with_literals(statement, {name: _plain(value) for name, value in values.items()})
        values = {}
    return session().sql(statement, args=values) if values else session().sql(statement)


def _value(name: str) -> Any:
    """The value of a widget as its maker has it: Databricks' widgets are text."""
    declared: Mapping[str, Any] = get_all()
    if name in declared:
        value = declared[name]
        return registry.joined(value) if isinstance(value, (list, tuple)) else value
    try:
        return get(name)
    except KeyError:
        there = ", ".join(dbutils.widgets.getAll()) or "none"
        msg = f":{name} has no value: no widget {name!r} is defined; there are {there} (a variable is none: declare it by a widget)"
        raise InputWidgetNotDefined(msg) from None


def _plain(value: Any) -> Any:
    """A value of a widget as far as SQL has literals for it; text for all else."""
    kept = value is None or isinstance(value, (bool, int, float, str, date))
    return value if kept else registry.joined(value)


def _widget(widget: WidgetStatement) -> None:
    if widget.kind == "remove":
        dbutils.widgets.remove(widget.name)
        return
    choices = [widget.default]
    if widget.choices is not None:
        choices = [str(row[0]) for row in run_statement(widget.choices).collect()]
    if widget.kind == "text":
        dbutils.widgets.text(widget.name, widget.default)
    else:
        getattr(dbutils.widgets, widget.kind)(widget.name, widget.default, choices)
