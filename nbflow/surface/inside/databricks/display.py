"""``display(df)`` and ``displayHTML(…)``, as Databricks has them."""

from __future__ import annotations

from html import escape
from typing import Any

_MOST_ROWS = 1000


def display(*objects: Any, **options: Any) -> Any:
    """Show a Spark DataFrame as a table of its first 1,000 rows, anything else as Jupyter does."""
    from IPython import display as jupyter

    shown = None
    for one in objects:
        if not _is_frame(one):
            shown = jupyter.display(one, **options)
            continue
        if one.isStreaming:
            msg = "display() of a stream is not supported by nbflow; write it to a table, and display that"
            raise NotImplementedError(msg)
        rows = one.take(_MOST_ROWS + 1)
        jupyter.display(table(one.columns, [list(row) for row in rows[:_MOST_ROWS]], len(rows) > _MOST_ROWS), raw=True)
    return shown if objects else jupyter.display(**options)


def displayHTML(html: str) -> None:
    """Show HTML."""
    from IPython import display as jupyter

    jupyter.display(jupyter.HTML(html))


def table(columns: list[str], rows: list[list[Any]], more: bool) -> dict[str, str]:
    """A table as HTML and as text; ``more`` says that not all rows are in it."""
    texts = [[_text(value) for value in row] for row in rows]
    head = "".join(f"<th>{escape(name)}</th>" for name in columns)
    body = "".join(f"<tr>{''.join(f'<td>{escape(text)}</td>' for text in row)}</tr>" for row in texts)
    count = f"{'first ' if more else ''}{len(rows)} row{'' if len(rows) == 1 else 's'}"
    html = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table><p>{count}</p>"
    widths = [max(map(len, column)) for column in zip(columns, *texts)]
    lines = ["  ".join(text.ljust(width) for text, width in zip(row, widths)).rstrip() for row in [columns, *texts]]
    return {"text/html": html, "text/plain": "\n".join([*lines, f"({count})"])}


def _text(value: Any) -> str:
    return "null" if value is None else str(value)


def _is_frame(value: Any) -> bool:
    return any(kind.__module__.startswith("pyspark.sql") and kind.__name__ == "DataFrame" for kind in type(value).__mro__)
