"""Runs statements of SQL as a task: ``python nbflow_sql.py STATEMENTS``, a file with JSON: ``[[text, line, [parameter, …]], …]``.

What each gives is printed; the rows of the last one are left in the task's exchange folder, as far as a task's values may go.
"""

from __future__ import annotations

import base64
import datetime
import json
import logging
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

_MOST_ROWS = 1000
_SHOWN_ROWS = 20
_WIDEST = 40


def main() -> None:
    """Begin the task in this process, and run the statements one after another."""
    del sys.path[0]  # this file's folder
    from nbflow.surface.inside.attach import attach_task
    from nbflow.surface.inside.context import given_parameters
    from nbflow.surface.inside.spark import session

    attach_task()
    statements = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    values, spark = given_parameters(), session()
    logging.getLogger("SQLQueryContextLogger").disabled = True  # it prints the Java stack of each error, which is told here
    columns: list[str] = []
    rows: list[dict[str, Any]] = []
    for number, (text, line, names) in enumerate(statements, 1):
        began = time.monotonic()
        print(f"-- statement {number} of {len(statements)}, line {line}: {' '.join(text.split())[:100]}")
        try:
            frame = _begun(spark, text, {name: values[name] for name in names})
            columns = list(frame.columns)
            rows = [row.asDict(recursive=True) for row in frame.take(_MOST_ROWS)] if columns else []
        except Exception as error:
            _leave_error(error, number, len(statements), line, text)
            sys.exit(1)
        if columns:
            print("\n".join(_table(columns, rows)))
        print(f"-- {_counted(len(rows)) if columns else 'done'} in {time.monotonic() - began:.1f} s")
    _leave_output(columns, rows)


def _begun(spark: Any, text: str, values: dict[str, Any]) -> Any:
    """The frame of a statement with these values. Sail takes none in commands: there they stand in the statement as literals."""
    from nbflow.surface.inside.context import current

    context = current()
    if values and context is not None and context.spark is not None and context.spark.engine == "sail":
        from nbflow.core.sql_text import with_literals

        return spark.sql(with_literals(text, values))
    return spark.sql(text, args=values) if values else spark.sql(text)


def _counted(rows: int) -> str:
    return f"the first {rows} rows" if rows == _MOST_ROWS else f"{rows} row{'' if rows == 1 else 's'}"


def _table(columns: Sequence[str], rows: Sequence[dict[str, Any]]) -> list[str]:
    """The first rows as text."""
    shown = [list(columns), *([_cut(row.get(name)) for name in columns] for row in rows[:_SHOWN_ROWS])]
    widths = [max(len(line[at]) for line in shown) for at in range(len(columns))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in shown]
    return [*lines, *([f"... {len(rows) - _SHOWN_ROWS} more"] if len(rows) > _SHOWN_ROWS else [])]


def _cut(value: Any) -> str:
    text = "NULL" if value is None else " ".join(str(value).split())
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 3]}..."


def _plain(value: Any) -> Any:
    """``value`` as JSON has it: what it does not know becomes text."""
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return str(value)
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(value).decode("ascii")
    return value if value is None or isinstance(value, (str, int, float, bool)) else str(value)


def _leave_output(columns: Sequence[str], rows: Sequence[dict[str, Any]]) -> None:
    """Leave the result for later tasks: as many rows as fit into a task's value."""
    from nbflow.core.exchange import OUTPUT_FILE
    from nbflow.surface.inside.context import current

    context, size = current(), 0
    kept: list[dict[str, Any]] = []
    limit = context.max_value_bytes if context is not None else 0
    for row in map(_plain, rows):
        size += len(json.dumps(row, ensure_ascii=False).encode("utf-8", "surrogatepass")) + 2
        if size > limit:
            print(f"-- {len(kept)} rows can be read as this task's output: more are larger than {limit} bytes (max_value_bytes)")
            break
        kept.append(row)
    with open(os.path.join(os.environ["NBFLOW_TASK"], OUTPUT_FILE), "w", encoding="utf-8") as file:
        json.dump({"columns": columns, "rows": kept}, file)


def _leave_error(error: Exception, number: int, count: int, line: int, text: str) -> None:
    """Print why a statement failed, and leave it for the run."""
    from nbflow.core.exchange import ERROR_FILE

    said = str(error).split("\n\nJVM stacktrace")[0].split(";\n'")[0].strip()
    where = f"statement {number} of {count} (line {line})"
    print(f"{where} failed: {type(error).__name__}: {said}")
    told = {"ename": type(error).__name__, "evalue": said, "message": f"{where} failed: {said}", "source": text}
    with open(os.path.join(os.environ["NBFLOW_TASK"], ERROR_FILE), "w", encoding="utf-8") as file:
        json.dump(told, file)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        print("-- interrupted")
        sys.exit(130)
