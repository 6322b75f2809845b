"""What was done: runs, their events and requests, and the executed notebooks."""

from __future__ import annotations

from nbflow.store.runs import RunIds
from nbflow.store.store import Store

__all__ = ["RunIds", "Store"]
