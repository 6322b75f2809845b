"""The state of tables, computed before somebody reads them: Delta computes it for the first reader of a table's new version, who waits.

The driver tells of each table that is made or changed in its catalog, while the notebook that did it goes on; of what is written without
that, as by an append, nbflow looks when the notebook has ended.
"""

from __future__ import annotations

import contextlib
import re
import threading
from typing import Any

_MOST_LOGS, _MOST_FILES = 100, 1000
_MADE = re.compile(r"(?:Create|Alter)TableEvent\(")
_WITHOUT_CODE = ("spark.sql.codegen.factoryMode", "NO_CODEGEN")
"""A table's state is a query of some two hundred columns over a few rows: to write the code for it takes longer than to do without."""


class Ahead:
    """What computes the states, by py4j; ``session`` is the driver's own. All errors are suppressed: who reads a table is told of them."""

    def __init__(self, jvm: Any, session: Any) -> None:
        self._jvm, self._session = jvm, session
        self._own: Any = None
        self._lock, self._wanted = threading.Lock(), threading.Event()

    def onEvent(self, event: Any) -> None:  # noqa: N802  (Java's name)
        """Called by the driver, which waits for it, with each change of its catalog."""
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
            except Exception:  # noqa: BLE001  (a driver that goes, or a Delta that keeps its tables elsewhere)
                return
            finally:
                self._lock.release()

    def _compute_all(self) -> None:
        loader = self._jvm.java.lang.Thread.currentThread().getContextClassLoader()
        logs = self._jvm.java.lang.Class.forName("org.apache.spark.sql.delta.DeltaLog$", True, loader).getField("MODULE$").get(None)
        opened = logs.getOrCreateCache(self._session.sessionState().conf()).asMap()
        if opened.size() > _MOST_LOGS:
            return
        if self._own is None:
            self._own = self._session.newSession()
            self._own.conf().set(*_WITHOUT_CODE)
        for log in list(opened.values()):
            with contextlib.suppress(Exception):  # a table that is gone meanwhile
                if _is_unread(log.unsafeVolatileSnapshot()):
                    path = log.dataPath().toString().replace("`", "``")
                    self._own.sql(f"DESCRIBE DETAIL delta.`{path}`").collect()

    class Java:
        """What the driver takes this for."""

        implements = ("org.apache.spark.sql.catalyst.catalog.ExternalCatalogEventListener",)


def _is_unread(snapshot: Any) -> bool:
    """Whether nobody has computed the state of a table's version, and it is of few files."""
    if snapshot.version() < 0 or snapshot._computedStateTriggered():
        return False
    told = snapshot.checksumOpt()
    return bool(told.isDefined() and told.get().numFiles() <= _MOST_FILES)
