"""The state of tables, computed before somebody reads them: Delta computes it for the first reader of a table's new version, who waits.

The driver notes each change of its catalog in a queue of its own and goes on; a thread of ours takes the notes from there. What was written
without a change of the catalog, as by an append, is found then, or when its notebook has ended.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import Any

_MOST_LOGS, _MOST_FILES = 100, 1000
_MOST_NOTES = 100
"""More than one note says no more than one."""

_WAIT_SECONDS = 600
_FOR_FEW_ROWS = {"spark.sql.codegen.factoryMode": "NO_CODEGEN", "spark.sql.adaptive.enabled": "false"}
"""A table's state is two queries of some two hundred columns over a few rows: to write code for them, or to plan them anew when the first rows
are there, takes longer than to do without."""

_LISTENER = "org.apache.spark.sql.catalyst.catalog.ExternalCatalogEventListener"


class Ahead:
    """What computes the states, in a thread of its own, from ``follow`` on. ``gateway`` is one to the driver that others use, too,
    ``open_gateway`` gives one of its own. It raises nothing: who reads a table whose state cannot be computed is told so, and a driver that
    goes, or a Delta that keeps its tables elsewhere, has none."""

    def __init__(self, gateway: Any, open_gateway: Callable[[], Any]) -> None:
        self._shared, self._open = gateway, open_gateway
        self._notes: Any = None
        self._closed = False

    def follow(self) -> None:
        """Compute from now on, after each change of the catalog and each call of ``look``, the state of tables that were written and not
        read since."""
        with contextlib.suppress(Exception):
            java = self._shared.jvm.java
            notes = java.util.concurrent.ArrayBlockingQueue(_MOST_NOTES)
            session_of(self._shared).sharedState().externalCatalog().addListener(_noting(self._shared.jvm, notes))
            self._notes = notes
            threading.Thread(target=self._follow, daemon=True).start()

    def look(self) -> None:
        """Have it look once more, soon."""
        if self._notes is not None:
            with contextlib.suppress(Exception):
                self._notes.offer("look")

    def _follow(self) -> None:
        with contextlib.suppress(Exception):
            gateway = self._open()
            try:
                seconds = self._shared.jvm.java.util.concurrent.TimeUnit.SECONDS
                session = session_of(gateway).newSession()
                for name, value in _FOR_FEW_ROWS.items():
                    session.conf().set(name, value)
                settled: set[int] = set()
                while not self._closed:
                    noted = self._notes.poll(_WAIT_SECONDS, seconds)
                    if noted is not None and not self._closed:
                        self._notes.clear()
                        with contextlib.suppress(Exception):
                            settled = _compute_all(gateway.jvm, session, settled)
            finally:
                let_go(gateway)

    def close(self) -> None:
        """Look no more. The driver, which may not answer, is not asked: the thread ends with it, or when it is told the next time."""
        self._closed = True


def session_of(gateway: Any) -> Any:
    """The driver's own session, as an object of ``gateway``."""
    return gateway.jvm.org.apache.spark.sql.classic.SparkSession.builder().getOrCreate()


def let_go(gateway: Any) -> None:
    """Give the connections of a gateway back. Objects that outlive it do not open another in order to be let go."""
    gateway.close()
    gateway._gateway_client.is_connected = False


def open_logs(jvm: Any, session: Any) -> Collection[Any]:
    """The logs of the tables that Delta has open in a driver, of Java's class ``DeltaLog``. To be looked at is no use of them: Delta closes
    one an hour after its last use."""
    loader = jvm.java.lang.Thread.currentThread().getContextClassLoader()
    logs = jvm.java.lang.Class.forName("org.apache.spark.sql.delta.DeltaLog$", True, loader).getField("MODULE$").get(None)
    opened: Collection[Any] = jvm.java.util.HashMap(logs.getOrCreateCache(session.sessionState().conf()).asMap()).values()
    return opened


def forget_logs(jvm: Any, session: Any, tables: Iterable[Path]) -> None:
    """Have Delta close the logs of these tables, which nobody else may know: two that write by two logs of one table could overwrite each
    other's commits."""
    delta_log, path = jvm.org.apache.spark.sql.delta.DeltaLog, jvm.org.apache.hadoop.fs.Path
    for table in tables:
        delta_log.invalidateCache(session, path(str(table)))


def _noting(jvm: Any, notes: Any) -> Any:
    """A listener of the catalog that is Java's own, so that who changes the catalog waits for nobody: it puts what it is told into the
    queue ``notes``, unless that is full."""
    invoke, java = jvm.java.lang.invoke, jvm.java.lang
    loader = java.Thread.currentThread().getContextClassLoader()
    shape = invoke.MethodType.methodType(java.Boolean.TYPE, java.Class.forName("java.lang.Object"))
    offer = invoke.MethodHandles.publicLookup().bind(notes, "offer", shape)
    return invoke.MethodHandleProxies.asInterfaceInstance(java.Class.forName(_LISTENER, True, loader), offer)


def _compute_all(jvm: Any, session: Any, settled: set[int]) -> set[int]:
    """Compute the states of the tables that Delta has open, unless they were looked at before: ``settled`` are the identities in Java of those,
    whatever came of it, since most that failed would fail again at each change. Returns the identities of all that are open now.
    States of many files are left to who reads them; tables that are gone stay open for a while, too."""
    jvm.org.apache.spark.sql.classic.SparkSession.setActiveSession(session)  # of the one thread that serves this gateway's one connection
    opened = open_logs(jvm, session)
    identity = jvm.java.lang.System.identityHashCode
    now: set[int] = set()
    for log in list(opened) if len(opened) <= _MOST_LOGS else ():
        with contextlib.suppress(Exception):  # a table that is gone meanwhile, or not readable
            snapshot = log.unsafeVolatileSnapshot()
            now.add(number := identity(snapshot))
            if number not in settled and _is_unread(snapshot) and _is_there(log):
                snapshot.numOfFiles()
    return now


def _is_there(log: Any) -> bool:
    """Whether the folder of a table's log is there."""
    folder = log.logPath()
    return bool(folder.getFileSystem(log.newDeltaHadoopConf()).exists(folder))


def _is_unread(snapshot: Any) -> bool:
    """Whether nobody has computed the state of a table's version, and it is of few files."""
    if snapshot.version() < 0 or snapshot._computedStateTriggered():
        return False
    told = snapshot.checksumOpt()
    return bool(told.isDefined() and told.get().numFiles() <= _MOST_FILES)
