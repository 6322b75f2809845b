"""An executed notebook as HTML that stands in a frame of its own. The door to nbconvert.

What notebooks show is foreign: the frame is sandboxed, runs no script and asks nobody for anything.
"""

from __future__ import annotations

import json
from functools import cache
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

MOST_BYTES = 5_000_000
"""Larger notebooks are named and not shown."""

_LINE = 19
_LOWEST, _HIGHEST = 160, 640


class UnshownError(Exception):
    """A notebook that cannot be shown; the text says why, as the end of a sentence."""


def executed_html(path: Path) -> tuple[str, int]:
    """A whole HTML document of the notebook at ``path``, and how high it will be, about, in CSS pixels.

    Its code can be hidden. Raises ``UnshownError``.
    """
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise UnshownError(f"has {size / 1e6:.0f} MB")
        content = path.read_text(encoding="utf-8")
        document = json.loads(content)
    except FileNotFoundError:
        raise UnshownError("is not there any more") from None
    except (OSError, ValueError) as error:
        raise UnshownError(f"cannot be read: {getattr(error, 'strerror', None) or error}") from None
    try:
        body = _converted(content)
    except Exception as error:  # a notebook that another program wrote may hold anything
        raise UnshownError(f"cannot be shown: {error}") from error
    page = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(path.name)}</title><style>{_style()}</style></head>'
        f'<body><main><h1 class="file">{escape(path.name)}</h1><input type="checkbox" id="code" checked><label for="code">show code</label>'
        f'<div class="cells">{body}</div></main></body></html>'
    )
    return page, _height(document)


def _converted(content: str) -> str:
    import nbformat

    notebook = nbformat.reads(content, as_version=4)
    body: str = _exporter().from_notebook_node(notebook, {"metadata": {"name": "notebook"}})[0]
    return body


@cache
def _exporter() -> Any:
    from nbconvert import HTMLExporter

    return HTMLExporter(template_name="basic")


@cache
def _style() -> str:
    from pygments.formatters import HtmlFormatter

    own = (files("nbflow.surface.report") / "executed.css").read_text(encoding="utf-8")
    light = HtmlFormatter(style="default").get_style_defs(".highlight")
    dark = HtmlFormatter(style="github-dark").get_style_defs(".highlight")
    return f"{light}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}\n{own}"


def _height(document: Any) -> int:
    """A guess, since nothing outside of a sandboxed frame can measure it."""
    lines = 3
    for cell in document.get("cells", ()):
        lines += _lines(cell.get("source", "")) + 1
        for output in cell.get("outputs", ()):
            data = output.get("data", {})
            pictured = any(kind.startswith("image/") for kind in data)
            lines += 16 if pictured else _lines(output.get("text") or data.get("text/plain") or output.get("traceback") or "") + 1
    return min(max(lines * _LINE, _LOWEST), _HIGHEST)


def _lines(text: str | list[str]) -> int:
    return ("".join(text) if isinstance(text, list) else text).count("\n") + 1
