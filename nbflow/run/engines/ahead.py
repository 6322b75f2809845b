"""The state of tables, computed before somebody reads them: Delta computes it for the first reader of a table's new version, who waits.

The driver tells of each table that is made or replaced, while the notebook that did it goes on. What was written since, as by an append, is
found then, or when the notebook has ended.
"""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Callable
from typing import Any

_MOST_LOGS, _MOST_FILES = 100, 1000
_MADE = re.compile(r"(?:Create|Alter)TableEvent\(")
_WITHOUT_CODE = ("spark.sql.codegen.factoryMode", "NO_CODEGEN")
"""A table's state is a query of some two hundred columns over a few rows: to write the code for it takes longer than to do without."""


class Ahead:
    """What computes the states. ``open_gateway`` gives a gateway of its own to the driver. It raises nothing: who reads a table whose state
    cannot be computed is told so, and a driver that goes, or a Delta that keeps its tables elsewhere, has none."""

    def __init__(self, open_gateway: Callable[[], Any]) -> None:
        self._open = open_gateway
        self._gateway: Any = None
        self._session: Any = None
        self._lock, self._wanted = threading.Lock(), threading.Event()

    def onEvent(self, event: Any) -> None:  # noqa: N802  (Java's name)
        """Called by the driver, which waits for it, with each change of its catalog."""
        with contextlib.suppress(Exception):
            if _MADE.match(str(event.toString())):
                threading.Thread(target=self.compute, daemon=True).start()

    def compute(self) -> None:
        """Compute the state of tables that were written and not read since; returns when it is done. While a call goes on, another has
        it look once more and returns at once.

        What it is about is Delta's own store of the tables that the driver has open. Those of many files are left to who reads them.
        """
        self._wanted.set()
        while self._wanted.is_set() and self._lock.acquire(blocking=False):
            try:
                self._wanted.clear()
                self._compute_all()
            except Exception:  # noqa: BLE001  (as the class says)
                return
            finally:
                self._lock.release()

    def _compute_all(self) -> None:
        if self._gateway is None:
            self._gateway = self._open()
        jvm, sessions = self._gateway.jvm, self._gateway.jvm.org.apache.spark.sql.classic.SparkSession
        if self._session is None:
            session = session_of(self._gateway).newSession()
            session.conf().set(*_WITHOUT_CODE)
            self._session = session
        sessions.setActiveSession(self._session)  # of the one thread that serves this gateway
        loader = jvm.java.lang.Thread.currentThread().getContextClassLoader()
        logs = jvm.java.lang.Class.forName("org.apache.spark.sql.delta.DeltaLog$", True, loader).getField("MODULE$").get(None)
        opened = logs.getOrCreateCache(self._session.sessionState().conf()).asMap()
        for log in list(opened.values()) if opened.size() <= _MOST_LOGS else ():
            with contextlib.suppress(Exception):  # a table that is gone meanwhile
                snapshot = log.unsafeVolatileSnapshot()
                if _is_unread(snapshot):
                    snapshot.numOfFiles()

    def close(self) -> None:
        """Give the connection back."""
        if self._gateway is not None:
            self._gateway.close()

    class Java:
        """What the driver takes this for."""

        implements = ("org.apache.spark.sql.catalyst.catalog.ExternalCatalogEventListener",)


def session_of(gateway: Any) -> Any:
    """The driver's own session, as an object of ``gateway``."""
    return gateway.jvm.org.apache.spark.sql.classic.SparkSession.builder().getOrCreate()


def _is_unread(snapshot: Any) -> bool:
    """Whether nobody has computed the state of a table's version, and it is of few files."""
    if snapshot.version() < 0 or snapshot._computedStateTriggered():
        return False
    told = snapshot.checksumOpt()
    return bool(told.isDefined() and told.get().numFiles() <= _MOST_FILES)
