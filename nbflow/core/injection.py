"""The line of the injected cell that gives widgets their values when the executed notebook is run again by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def restore_line(values: Mapping[str, tuple[str, Any]]) -> str:
    """One line of Python that restores ``values`` (name: type text and encoded value) and is harmless without nbflow."""
    text = json.dumps({name: list(value) for name, value in values.items()}, ensure_ascii=True)
    return f"exec({_CODE!r}, {{'values': {text!r}, 'namespace': globals()}})  # gives nbflow's widgets these values"


_CODE = "try:\n from nbflow.surface.inside.restore import restore\nexcept ImportError:\n pass\nelse:\n restore(values, namespace)\n"
