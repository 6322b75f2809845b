"""nbflow's own hand on a Spark driver: makes its session, makes tables known, opens doors for notebooks, cancels jobs.

The door to py4j on this side. All calls block. Calls of a gateway share its connections, and what Spark keeps for a thread, such as a tag,
is kept for a connection: what sets it has a gateway of its own.
"""

from __future__ import annotations

import contextlib
import logging
import secrets
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbflow.core.exchange import COMMIT_SETTING, TAG_SETTING
from nbflow.run.engines.ahead import Ahead, forget_logs, let_go, session_of
from nbflow.run.engines.classes import CLASSES, load_classes
from nbflow.run.engines.clients import Clients
from nbflow.run.engines.usual import Work
from nbflow.warehouse.catalog import SparkCatalog
from nbflow.warehouse.folders import contents

_REHEARSAL = "nbflow-rehearsal"


@dataclass(frozen=True, slots=True)
class Door:
    """A gateway of the driver for one notebook: its port on loopback, its secret, and the server behind it."""

    port: int
    secret: str
    server: Any


class Control:
    """A connection of nbflow's own to a driver's gateway."""

    def __init__(self, port: int, secret: str) -> None:
        _quiet_py4j()
        self._port, self._secret = port, secret
        self._gateway = self._open()
        self._jvm: Any = self._gateway.jvm
        self._session: Any = None
        self._context: Any = None
        self._catalog: SparkCatalog | None = None
        self._listening: Any = None
        self._ahead = Ahead(self._gateway, self._open)

    def _open(self, port: int | None = None, secret: str | None = None, told: Any = None) -> Any:
        """A gateway of its own, by default to the driver's. ``told`` says how it is called back."""
        from py4j.java_gateway import GatewayParameters, JavaGateway

        parameters = GatewayParameters(port=port or self._port, auth_token=secret or self._secret, auto_convert=True)
        return JavaGateway(gateway_parameters=parameters, callback_server_parameters=told)

    def begin(self, warehouse: Path) -> str:
        """Make the driver's context and make the warehouse's tables known; returns Spark's version."""
        self._session = session_of(self._gateway)
        self._context = self._session.sparkContext()
        self._catalog = SparkCatalog(self._jvm, self._session)
        self._catalog.follow(warehouse, {}, contents(warehouse))
        return str(self._session.version())

    def load_classes(self) -> None:
        """Load the classes that are going to be needed. For a thread of its own, while another calls ``begin``. No error when the
        driver is gone."""
        names = CLASSES.read_text("utf-8")
        with contextlib.suppress(Exception):
            gateway = self._open()
            try:
                load_classes(gateway, names)
            finally:
                let_go(gateway)

    def run_main(self, name: str, arguments: Sequence[str], mark: str) -> None:
        """Call ``main`` of the class ``name``; commits of the driver's session bear ``mark``. Raises py4j's error of what it throws,
        and of a class that is not there."""
        self._session.conf().set(COMMIT_SETTING, mark)
        self._jvm.java.lang.Class.forName(name)
        words = self._gateway.new_array(self._jvm.java.lang.String, len(arguments))
        for index, word in enumerate(arguments):
            words[index] = word
        found = self._jvm
        for part in name.split("."):
            found = getattr(found, part)
        found.main(words)

    def serve(self, warehouse: Path) -> Clients:
        """Let the driver take clients of Spark Connect, too."""
        if self._catalog is None:
            raise RuntimeError("the driver has no session yet")
        return Clients(self._jvm, self._context, self._catalog, warehouse, self._listen)

    def _listen(self, listener: Any) -> None:
        """Have ``listener`` told of each change of the driver's catalog. The driver waits until it was told.

        By a gateway that serves nothing else: a call of ours that changes the catalog waits until the listener was told, and
        py4j would tell it on the very connection that waits. Not by one of Spark's doors, which send no secret when they call back.
        """
        from py4j.java_gateway import CallbackServerParameters

        secret, here = secrets.token_hex(32), self._jvm.java.net.InetAddress.getByName("127.0.0.1")
        builder = getattr(self._jvm.py4j, "GatewayServer$GatewayServerBuilder")()
        server = builder.authToken(secret).javaPort(0).javaAddress(here).callbackClient(0, here, secret).build()
        server.start()
        told = CallbackServerParameters(port=0, daemonize=True, daemonize_connections=True, auth_token=secret)
        self._listening = ours = self._open(server.getListeningPort(), secret, told)
        server.resetCallbackClient(here, ours.get_callback_server().get_listening_port())
        session_of(ours).sharedState().externalCatalog().addListener(listener)

    def execute(self, statements: Iterable[str]) -> None:
        """Execute SQL statements, one after another, in the driver's own session. Raises py4j's error of one that fails."""
        for statement in statements:
            self._session.sql(statement).collect()

    def rehearse(self, work: Work, over: threading.Event, wait: Callable[[threading.Event], None]) -> bool:
        """Execute the statements of ``work`` in a session of its own, each when ``wait`` returns, until ``over`` is set or one fails, and
        have Delta forget its tables. Returns whether all were done.

        ``end_rehearsal`` cuts off the one that is being executed.
        """
        gateway = self._open()
        try:
            own = session_of(gateway)
            own.sparkContext().addJobTag(_REHEARSAL)
            session = own.newSession()
            try:
                for statement in work.statements:
                    wait(over)
                    if over.is_set():
                        return False
                    session.sql(statement).collect()
            finally:
                forget_logs(gateway.jvm, session, work.tables)
                gateway.detach(session)
        except Exception:  # cut off, or a driver that goes in this very moment: nobody waits for what comes of it
            return False
        finally:
            let_go(gateway)
        return True

    def end_rehearsal(self) -> None:
        """Cancel what ``rehearse`` has running. No error when the driver is gone."""
        with contextlib.suppress(Exception):
            self._context.cancelJobsWithTag(_REHEARSAL)

    def follow_tables(self) -> None:
        """Have the state of tables computed from now on when they were made, or a notebook has ended that wrote to them (``ahead``). No error
        when the driver is gone."""
        self._ahead.follow()

    def read_ahead(self) -> None:
        """A notebook has ended. No error when the driver is gone."""
        self._ahead.look()

    def open_door(self) -> Door:
        """A gateway of its own for one notebook, so that secrets, callbacks and objects are not shared with others."""
        server = self._jvm.org.apache.spark.api.python.Py4JServer(self._context.getConf())
        server.start()
        return Door(server.getListeningPort(), server.secret(), server)

    def close_door(self, door: Door) -> None:
        """Close a notebook's gateway: its connections end and its objects are let go. No error when the driver is gone."""
        with contextlib.suppress(Exception):
            door.server.shutdown()

    def cancel(self, tag: str) -> None:
        """Cancel all jobs that carry ``tag``, let none of its group begin any more, and stop its streaming queries.

        Tables that its notebook was about to make are made by nobody any more.
        """
        self._context.cancelJobsWithTag(tag)
        self._context.cancelJobGroupAndFutureJobs(tag)
        queries = self._session.sharedState().activeStreamingQueries().values()
        for query in list(queries):
            if query.sparkSession().conf().get(TAG_SETTING, "") == tag:
                # in a thread of its own: a query in the middle of a batch may take its time to stop
                threading.Thread(target=_stop, args=(query,), daemon=True).start()
        if self._catalog is not None:
            self._catalog.forget_maker(tag)

    def close(self) -> None:
        """Give the connections back."""
        self._ahead.close()
        if self._listening is not None:
            self._listening.shutdown_callback_server()
            self._listening.close()
        self._gateway.close()


def first_lines(error: Exception) -> str:
    """What an error of py4j says, without the Java stack that it adds; it asks the driver for the text, which may be gone."""
    try:
        text = str(error)
    except Exception:  # py4j's again
        return type(error).__name__
    return " ".join([line for line in text.splitlines() if not line.lstrip().startswith("at ")][:3])


def _quiet_py4j() -> None:
    """Keep py4j from printing a traceback for each connection that breaks: who calls gets the error, and tells it."""
    logging.getLogger("py4j").setLevel(logging.CRITICAL)
    root = logging.getLogger()  # some of its lines go there
    if _not_py4j not in root.filters:
        root.addFilter(_not_py4j)


def _not_py4j(record: logging.LogRecord) -> bool:
    return record.module not in ("java_gateway", "clientserver")


def _stop(query: Any) -> None:
    with contextlib.suppress(Exception):  # it may have ended meanwhile, and the driver with it
        query.stop()
