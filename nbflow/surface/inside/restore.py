"""The name by which executed notebooks ask for their widgets' values: it stands in their injected cell and never changes."""

from __future__ import annotations

from nbflow.surface.inside.parameters.restore import restore

__all__ = ["restore"]
