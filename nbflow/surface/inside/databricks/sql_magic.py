"""``%sql`` and ``%%sql``: statements for the notebook's Spark session, with widgets as ``:name``; the last one's rows are shown
and kept as ``_sqldf``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from nbflow.core.widget_statements import WidgetStatement, widget_statement
from nbflow.surface.inside.context import current
from nbflow.surface.inside.databricks.dbutils import InputWidgetNotDefined, dbutils
from nbflow.surface.inside.databricks.display import display
from nbflow.surface.inside.parameters import registry
from nbflow.surface.inside.parameters.widgets import get, get_all
from nbflow.surface.inside.statements import Token, tokens_of

RESULT = "_sqldf"
_LEGACY = re.compile(r"\$\{(\w+)\}")
_BEFORE_A_VALUE = ("AND", "OR", "NOT", "IN", "LIKE", "BETWEEN", "THEN", "ELSE", "WHEN", "LIMIT", "SELECT", "VALUES", "BY", "SET")


def make_sql_magic(shell: Any) -> Callable[..., None]:
    """The magic for ``shell``."""

    def sql(line: str, cell: str | None = None) -> None:
        frame = None
        for statement in statements_in("\n".join(filter(None, (line, cell)))):
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
    marks = list(parameter_marks(statement))
    values = {name: _value(name) for name in dict.fromkeys(name for _, _, name in marks)}
    context = current()
    if context is not None and context.spark is not None and context.spark.engine == "sail":
        for start, end, name in reversed(marks):  # Sail takes no parameters in commands
            statement = statement[:start] + _literal(values[name]) + statement[end:]
        values = {}
    return session().sql(statement, args=values) if values else session().sql(statement)


def statements_in(text: str) -> Iterator[str]:
    """The statements of a text, cut at each ``;`` that stands in no string and no comment."""
    start, blank, within_script = 0, True, False
    for token in tokens_of(text):
        within_script = within_script or (blank and token.word == "BEGIN")  # a script is one statement, to its end
        if token.text == ";" and not within_script:
            if not blank:
                yield text[start : token.start].strip()
            start, blank = token.end, True
        else:
            blank = False
    if not blank:
        yield text[start:].strip()


def parameter_marks(statement: str) -> Iterator[tuple[int, int, str]]:
    """Where ``:name`` stands in a statement, and the name: no casts (``x::int``), no fields of JSON (``data:field``)."""
    tokens = list(tokens_of(statement))
    for index, token in enumerate(tokens[:-1]):
        following = tokens[index + 1]
        if token.text != ":" or following.kind != "word" or following.start != token.end or following.text[0].isdigit():
            continue
        before = tokens[index - 1] if index else None
        if before is None or not _touches(before, token) or before.word in _BEFORE_A_VALUE or before.text in ("(", ",", "=", "<", ">", "+"):
            yield token.start, following.end, following.text


def _touches(before: Token, token: Token) -> bool:
    return before.end == token.start


def _value(name: str) -> Any:
    """The value of a widget as its maker has it: Databricks' widgets are text."""
    declared: Mapping[str, Any] = get_all()
    if name in declared:
        value = declared[name]
        return registry.joined(value) if isinstance(value, (list, tuple)) else value
    try:
        return get(name)
    except KeyError:
        msg = f":{name} has no value: no widget {name!r} is defined; there are {', '.join(dbutils.widgets.getAll()) or 'none'}"
        raise InputWidgetNotDefined(msg) from None


def _literal(value: Any) -> str:
    """A value of a widget as SQL writes it."""
    if value is None or isinstance(value, (bool, int, float)):
        return "NULL" if value is None else str(value).upper()
    text = registry.joined(value).replace("\\", "\\\\").replace("'", "\\'")
    kind = {"date": "DATE", "datetime": "TIMESTAMP"}.get(type(value).__name__, "")
    return f"{kind}'{text}'"


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
