"""What a target's mode and presets do to the names of resources: each kind gets the prefix in its own way."""

from __future__ import annotations

import re
from dataclasses import dataclass

_NAMES = {
    "jobs": "name", "pipelines": "name", "models": "name", "experiments": "name", "model_serving_endpoints": "name",
    "registered_models": "name", "schemas": "name", "sql_warehouses": "name", "clusters": "cluster_name", "dashboards": "display_name",
    "alerts": "display_name", "genie_spaces": "title",
}  # fmt: skip
_PLAIN = ("model_serving_endpoints", "registered_models", "schemas")
"""Kinds whose names hold letters, digits and ``_`` only."""


@dataclass(frozen=True, slots=True)
class Prefix:
    """The prefix ``text``; ``schemas`` says whether schemas get it as well."""

    text: str = ""
    schemas: bool = True

    def put(self, kind: str, field: str, name: str) -> str:
        """The value ``name`` of the ``field`` of a resource of that ``kind``, with the prefix where that is its name."""
        if not self.text or _NAMES.get(kind) != field or (kind == "schemas" and not self.schemas):
            return name
        if kind == "experiments":
            folder, slash, last = name.rpartition("/")
            return f"{folder}{slash}{self.text}{last}"
        return f"{self._plain() if kind in _PLAIN else self.text}{name}"

    def _plain(self) -> str:
        """``[dev ann] `` as ``dev_ann_``."""
        text = self.text.replace("[", "").strip(" ")
        return re.sub(r"[\W_]+", "_", text.lower()).strip("_") + ("_" if text.endswith("]") else "")
