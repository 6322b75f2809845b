"""Spark Connect on a driver: for kernels of other languages, for tools, for whoever does not attach through py4j.

The driver's own service, on loopback, on a port that is free; every call needs the password. Its sessions share the
driver's catalog. Nobody looks at the warehouse's folders before their statements as a notebook's kernel does, so that this
looks for them, again and again, while there is somebody to serve.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nbflow.core.exchange import COMMIT_SETTING, TAG_SETTING
from nbflow.run.engines.drops import Drops
from nbflow.warehouse.catalog import SparkCatalog
from nbflow.warehouse.folders import StoredSchema, contents

_LOOK_SECONDS = 1.0
_MADE_SECONDS = 10.0
"""So long after a table's first commit its maker has given it its name, too."""

_USER = "nbflow"
_POOL = "spark.scheduler.pool"
"""A setting of a session, too: Spark gives each execution's jobs the settings of its session. A pool each shares the cores between them."""

_SERVICE = "org.apache.spark.sql.connect.service.SparkConnectService$"
_PLACE = {"spark.connect.grpc.binding.address": "127.0.0.1", "spark.connect.grpc.binding.port": "0"}


class Clients:
    """The driver's Spark Connect service, by py4j: all calls block. Made, it listens on ``port``. ``listen`` has an object told of the
    catalog's changes."""

    def __init__(self, jvm: Any, context: Any, catalog: SparkCatalog, warehouse: Path, listen: Callable[[Any], None]) -> None:
        self._jvm, self._catalog, self._warehouse = jvm, catalog, warehouse
        self._drops = Drops(catalog, warehouse)
        listen(self._drops)
        conf = jvm.org.apache.spark.SparkEnv.get().conf()
        for name, value in _PLACE.items():
            conf.set(name, value)
        self._service = _module(jvm, _SERVICE)
        self._service.start(context)
        self.port = int(self._service.localPort())
        self._seen: dict[str, StoredSchema] = {}
        self._known_sessions: set[str] = set()
        self._lock = threading.Lock()

    def new_session(self, user: str, mark: str) -> str:
        """The id of a new session of ``user``, in a pool of its user's, whose commits bear ``mark``."""
        session_id = str(uuid.uuid4())
        conf = self._service.getOrCreateIsolatedSession(user, session_id).session().conf()
        conf.set(TAG_SETTING, user)
        conf.set(_POOL, user)
        if mark:
            conf.set(COMMIT_SETTING, mark)
        return session_id

    def sessions(self) -> int:
        """How many sessions there are."""
        return int(self._service.sessionManager().listActiveSessions().size())

    def end(self, user: str) -> None:
        """End the sessions of ``user``, and what they have running."""
        found = self._service.sessionManager().listActiveSessions()
        for at in range(found.size()):
            if str(found.apply(at).userId()) == user:
                with contextlib.suppress(Exception):  # it may end by itself in this moment
                    self._service.sessionManager().closeSession(found.apply(at).key(), False)

    def look(self) -> None:
        """Make the catalog say what the warehouse's folders say, and give each session that somebody made by himself a pool of its own.

        While a client has something running this waits until new tables are some seconds old: who makes a table makes its
        folder first, and would find the name taken.
        """
        self._drops.sweep()
        with self._lock:
            self._part_sessions()
            now = contents(self._warehouse, self._seen)
            if now == self._seen or (self._service.listActiveExecutions().isRight() and any(map(self._has_young, now.values()))):
                return
            self._seen = self._catalog.follow(self._warehouse, self._seen, now)

    def close(self) -> None:
        """Leave nothing behind of drops that were not done."""
        self._drops.sweep(0)

    def _part_sessions(self) -> None:
        sessions = self._service.sessionManager()
        found = sessions.listActiveSessions()
        keys = {str(key.sessionId()): key for key in (found.apply(at).key() for at in range(found.size()))}
        for name in keys.keys() - self._known_sessions:
            with contextlib.suppress(Exception):  # it may end by itself in this moment
                holder = sessions.getIsolatedSessionIfPresent(keys[name])  # once: who is asked for counts as used, and is kept for longer
                conf = holder.get().session().conf()
                if not conf.contains(_POOL):
                    conf.set(_POOL, f"{_USER}-{name}")
        self._known_sessions = set(keys)

    def _has_young(self, schema: StoredSchema) -> bool:
        known = self._seen[schema.name].tables if schema.name in self._seen else {}
        return any(_age(table.folder) < _MADE_SECONDS for name, table in schema.tables.items() if name not in known)


class Serving:
    """The service as an engine has it: begun by ``begin`` at the first call, followed up until ``close``."""

    def __init__(self, begin: Callable[[], Clients], password: str) -> None:
        self._begin, self._password = begin, password
        self._clients: Clients | None = None
        self._following: asyncio.Future[None] | None = None
        self._beginning = asyncio.Lock()

    async def remote(self, tag: str, mark: str) -> str:
        """An address for ``tag``, with a session of its own, or for anybody. Raises what py4j raises."""
        async with self._beginning:
            if self._clients is None:
                self._clients = await _in_thread(self._begin)
                self._following = asyncio.ensure_future(self._follow(self._clients))
        clients = self._clients
        await _in_thread(clients.look)
        # localhost by its name: PySpark sends a token without TLS to no other
        address = f"sc://localhost:{clients.port}/;token={self._password};user_id={tag or _USER}"
        return f"{address};session_id={await _in_thread(clients.new_session, tag, mark)}" if tag else address

    def is_used(self) -> bool:
        """Whether there are sessions. Blocks. Raises what py4j raises."""
        return self._clients is not None and self._clients.sessions() > 0

    async def sessions(self) -> int:
        """How many sessions there are."""
        return 0 if self._clients is None else int(await _in_thread(self._clients.sessions))

    async def end(self, tag: str) -> None:
        """End the sessions of ``tag``."""
        if self._clients is not None:
            await _in_thread(self._clients.end, tag)

    def close(self) -> None:
        """Follow no more; the service ends with its driver."""
        if self._following is not None:
            self._following.cancel()
        if self._clients is not None:
            self._clients.close()

    async def _follow(self, clients: Clients) -> None:
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            with contextlib.suppress(Exception):  # what cannot be made known now may be so at the next look
                await _in_thread(clients.look)


def _age(table: Path) -> float:
    """How many seconds ago a table was made, as far as its log still tells."""
    try:
        return time.time() - (table / "_delta_log" / f"{0:020}.json").stat().st_mtime
    except OSError:
        return _MADE_SECONDS


def _module(jvm: Any, name: str) -> Any:
    """The one instance of a Scala object."""
    found = jvm
    for part in name.split("."):
        found = getattr(found, part)
    return getattr(found, "MODULE$")


async def _in_thread(function: Callable[..., Any], *arguments: Any) -> Any:
    return await asyncio.get_running_loop().run_in_executor(None, function, *arguments)
