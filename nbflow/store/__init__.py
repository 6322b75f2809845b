"""What was done: runs, their events and requests, and the executed notebooks."""

from __future__ import annotations

from nbflow.store.store import RunIds, Store

__all__ = ["RunIds", "Store"]
