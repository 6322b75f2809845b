"""A notebook as the text of its file: character for character what nbformat writes, without importing it.

``nbformat.writes`` followed by a newline is the law here, and an equivalence test holds it. Two things are done where
nbformat's text would be unreadable for others: a number that JSON does not know (NaN, infinities) becomes ``null``, and
a lone surrogate is written as a JSON escape.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

_quote = json.JSONEncoder(ensure_ascii=False).encode

_NOT_KEPT = frozenset({"orig_nbformat", "orig_nbformat_minor", "signature"})
_LIKE_TEXT = frozenset({"application/javascript", "image/svg+xml"})
_CELL_PAD = "\n  "


def notebook_bytes(notebook: Mapping[str, Any]) -> bytes:
    """The file's content for ``notebook`` (nbformat 4 as plain dicts), which is not changed."""
    return join_cells(notebook, [cell_text(cell) for cell in notebook.get("cells", ())])


def join_cells(notebook: Mapping[str, Any], cells: Iterable[str]) -> bytes:
    """The file's content for ``notebook``, with ``cells`` (each from ``cell_text``) in the place of its own."""
    texts = list(cells)
    parts = {key: _text(value, "\n ") for key, value in notebook.items() if key not in ("cells", "metadata")}
    metadata = {key: value for key, value in notebook.get("metadata", {}).items() if key not in _NOT_KEPT}
    parts["metadata"] = _text(metadata, "\n ")
    parts["cells"] = f"[{_CELL_PAD}{f',{_CELL_PAD}'.join(texts)}\n ]" if texts else "[]"
    body = ",\n ".join(f"{_quote(key)}: {parts[key]}" for key in sorted(parts))
    # Lone surrogates stand inside strings only, where this gives the escape that JSON has for them.
    return f"{{\n {body}\n}}\n".encode("utf-8", "backslashreplace")


def cell_text(cell: Mapping[str, Any]) -> str:
    """One cell as it stands in the file, long text cut into lines."""
    shown = dict(cell)
    shown["source"] = _lines(cell.get("source", ""))
    if "metadata" in shown:
        shown["metadata"] = {key: value for key, value in cell["metadata"].items() if key != "trusted"}
    if "attachments" in shown:
        shown["attachments"] = {name: _bundle(bundle) for name, bundle in cell["attachments"].items()}
    if cell.get("cell_type") == "code" and "outputs" in shown:
        shown["outputs"] = [_output(output) for output in cell["outputs"]]
    return _text(shown, _CELL_PAD)


def _output(output: Mapping[str, Any]) -> Mapping[str, Any]:
    kind = output.get("output_type")
    if kind == "stream":
        return {**output, "text": _lines(output.get("text", ""))}
    if kind in ("execute_result", "display_data"):
        return {**output, "data": _bundle(output.get("data", {}))}
    return output


def _bundle(bundle: Mapping[str, Any]) -> dict[str, Any]:
    return {mime: _lines(value) if mime.startswith("text/") or mime in _LIKE_TEXT else value for mime, value in bundle.items()}


def _lines(value: Any) -> Any:
    return value.splitlines(keepends=True) if isinstance(value, str) else value


def _text(value: Any, pad: str) -> str:
    """``value`` as JSON, indented by a space for each level; ``pad`` begins a line at the value's own level."""
    if isinstance(value, str):
        return _quote(value)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        return int.__repr__(value)
    if isinstance(value, float):
        return float.__repr__(value) if math.isfinite(value) else "null"
    inner = f"{pad} "
    if isinstance(value, Mapping):
        named = {key if isinstance(key, str) else _key(key): item for key, item in value.items()}
        items = [f"{_quote(key)}: {_text(named[key], inner)}" for key in sorted(named)]
        return f"{{{inner}{f',{inner}'.join(items)}{pad}}}" if items else "{}"
    if isinstance(value, (list, tuple)):
        items = [_quote(item) if type(item) is str else _text(item, inner) for item in value]
        return f"[{inner}{f',{inner}'.join(items)}{pad}]" if items else "[]"
    return _quote(base64.b64encode(value).decode("ascii") if isinstance(value, bytes) else str(value))


def _key(key: Any) -> str:
    """A key that is no text, as JSON has it."""
    return json.dumps(key) if key is None or isinstance(key, (bool, int, float)) else str(key)
