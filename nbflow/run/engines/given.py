"""A Spark engine that another run owns and lends: the one that the task uses which called ``dbutils.notebook.run``."""

from __future__ import annotations

import asyncio

from nbflow.core.exchange import SparkAddress


class GivenEngine:
    """The engine at ``address``, which its owner starts, watches and ends. Keeps the promise of ``core.ports.Engine`` but for this.

    All its work bears the owner's tag, so that what ends the owner's task ends it too.
    """

    def __init__(self, address: SparkAddress) -> None:
        self.name = address.engine
        self._address = address

    async def start(self) -> None:
        """It runs: who lends it is attached to it."""

    async def address(self, tag: str) -> SparkAddress:
        """Where the owner's notebook is attached."""
        return self._address

    async def lost(self, tag: str = "") -> str:
        """Never returns: a notebook that works with an engine which is gone fails by itself, and says so."""
        await asyncio.Event().wait()
        return ""

    async def cancel(self, tag: str) -> None:
        """Nothing: the tag is the owner's, who goes on."""

    async def stop(self) -> None:
        """Leave it to its owner."""
