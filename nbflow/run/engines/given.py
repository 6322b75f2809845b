"""A Spark engine that another run owns and lends: the one that the task uses which called ``dbutils.notebook.run``."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from nbflow.core.errors import EngineError
from nbflow.core.exchange import SparkAddress
from nbflow.core.results import ErrorKind


class GivenEngine:
    """The engine at ``address``, which its owner starts, watches and ends. Keeps the promise of ``core.ports.Engine`` but for this.

    All its work bears the owner's tag, so that what ends the owner's task ends it too.
    """

    def __init__(self, address: SparkAddress) -> None:
        self.name = address.engine
        self._address = address

    async def start(self, tag: str = "") -> None:
        """It runs: who lends it is attached to it."""

    async def address(self, tag: str) -> SparkAddress:
        """Where the owner's notebook is attached, for sessions beside its own."""
        return replace(self._address, lent=True)

    async def remote(self, tag: str = "", mark: str = "") -> str:
        """Refused: it is lent for what attaches as its owner does."""
        raise EngineError(ErrorKind.ENGINE_START, "a run that a notebook started has no Spark Connect address: start it by 'nbflow run'")

    async def clients(self) -> int:
        """Nobody that it knows of."""
        return 0

    async def rest(self) -> None:
        """Nothing: its owner is there."""

    async def lost(self, tag: str = "") -> str:
        """Never returns: a notebook that works with an engine which is gone fails by itself, and says so."""
        await asyncio.Event().wait()
        return ""

    async def cancel(self, tag: str) -> None:
        """Nothing: the tag is the owner's, who goes on."""

    async def stop(self) -> None:
        """Leave it to its owner."""
