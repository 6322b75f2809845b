"""The run's Spark driver as a notebook's process sees it: the way there, whose jobs are whose, and what to say when it is gone."""

from __future__ import annotations

import contextlib
import functools
import itertools
import json
import logging
import os
import socket
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nbflow.core.errors import EngineError
from nbflow.core.exchange import COMMIT_SETTING, TAG_SETTING, SparkAddress
from nbflow.core.results import ErrorKind
from nbflow.surface.inside.catalogs import mapped_catalogs
from nbflow.surface.inside.context import current_mark
from nbflow.surface.inside.driver.interrupts import keep_interrupts
from nbflow.surface.inside.driver.reflection import asked_once
from nbflow.warehouse.folders import CATALOG

_FOLDER_VARIABLE = "NBFLOW_NOTEBOOK_FOLDER"
"""Tells Spark's Python workers where the notebook lies; the driver's daemon module reads it."""

_SESSION = "org.apache.spark.sql.classic.SparkSession"
_OF_CONNECTION = ".connection-"
_CANCEL_SECONDS = 5.0
_CANCEL_AGAIN = (0.1, 0.4, 1.5, 4.0)


class Driver:
    """A driver, attached to on first use. ``address`` says where it is, ``folder`` where the notebook's paths start."""

    def __init__(self, address: SparkAddress, folder: str, name: str) -> None:
        self.address, self.folder, self.name = address, folder, name
        self.lock = threading.RLock()
        self.gateway: Any = None
        self.context: Any = None
        self.session: Any = None
        self.root: Any = None
        self._marked_by: Any = None

    def connect(self) -> None:
        """Open the gateway, once. Raises ``EngineError`` when the driver is gone or is another version of Spark."""
        with self.lock:
            if self.gateway is not None:
                return
            try:
                connection = json.loads(Path(self.address.connection).read_text("utf-8"))
            except (OSError, ValueError):
                raise self._gone("its connection file is not there any more") from None
            gateway = self._open(int(connection["port"]), connection["secret"])
            scala = java_class(gateway, "org.apache.spark.SparkContext").getOrCreate()
            self._check_version(scala.version())
            self._mark_connections(gateway, scala)
            self.context = java_class(gateway, "org.apache.spark.api.java.JavaSparkContext").fromSparkContext(scala)
            # the session that all others are made from; one of another origin would have a catalog of its own
            self.root = java_class(gateway, _SESSION).builder().sparkContext(scala).getOrCreate()
            self.gateway = gateway
            keep_interrupts()
            self._watch_cells()

    def _open(self, port: int, secret: str) -> Any:
        """PySpark's own gateway object on the driver's port; no trace of the secret stays in the environment."""
        from pyspark.java_gateway import launch_gateway

        os.environ["PYSPARK_PYTHON"] = sys.executable  # the workers run as this kernel does, and find what it finds
        os.environ["PYSPARK_PIN_THREAD"] = "true"  # as the driver has it
        os.environ["PYSPARK_GATEWAY_PORT"], os.environ["PYSPARK_GATEWAY_SECRET"] = str(port), secret
        try:
            gateway = launch_gateway()
        finally:
            del os.environ["PYSPARK_GATEWAY_PORT"], os.environ["PYSPARK_GATEWAY_SECRET"]
        self._guard(gateway._gateway_client, port)
        return gateway

    def _check_version(self, version: str) -> None:
        import pyspark

        if version.split(".")[:2] != pyspark.__version__.split(".")[:2]:
            msg = f"this kernel has pyspark {pyspark.__version__} and the run's driver is Spark {version}; they must be the same"
            raise EngineError(ErrorKind.ENGINE_START, f"{msg}: 'pip install pyspark=={version}' into the kernel's environment")

    def _guard(self, client: Any, port: int) -> None:
        """Have calls into a driver that is gone fail at once with a plain sentence, and an interrupted call cancel its jobs."""
        from py4j.protocol import ERROR, Py4JNetworkError

        logging.getLogger("py4j").setLevel(logging.CRITICAL)  # it prints a traceback for each connection that breaks
        if _not_py4j not in logging.getLogger().filters:
            logging.getLogger().addFilter(_not_py4j)
        original = client.send_command

        @functools.wraps(original)
        def send_command(command: str, retry: bool = True, binary: bool = False) -> Any:
            try:
                answer = original(command, retry, binary)
            except (Py4JNetworkError, OSError) as error:
                if not _listens(port):
                    raise self._gone(str(error)) from None
                raise
            except KeyboardInterrupt:
                self.cancel_jobs()
                raise
            if answer == ERROR and not _listens(port):
                raise self._gone("the connection broke")
            return answer

        client.send_command = asked_once(send_command)

    def _gone(self, detail: str) -> Exception:
        """The error for a driver that is not there; where py4j is loaded it is a py4j error too, which PySpark looks for."""
        message = f"the Spark driver is gone ({detail}); its log may say why"
        if "py4j.protocol" not in sys.modules:
            return EngineError(ErrorKind.ENGINE_LOST, message)
        return _driver_gone_class()(ErrorKind.ENGINE_LOST, message)

    def cancel_jobs(self) -> None:
        """Cancel what this notebook has running on the driver; no error when there is nothing, or no driver."""
        self._cancel(self.address.tag)

    def _cancel(self, tag: str, again: Sequence[float] = ()) -> None:
        """Cancel the jobs with ``tag`` now, and ``again`` after so many seconds each.

        In a thread of its own, which has a connection of its own and is not where an interrupt arrives.
        """

        def cancel() -> None:
            with contextlib.suppress(Exception):
                self.context.sc().cancelJobsWithTag(tag)

        def cancel_again() -> None:
            for seconds in again:
                time.sleep(seconds)
                cancel()

        if self.context is not None:
            first = threading.Thread(target=cancel, daemon=True)
            first.start()
            first.join(_CANCEL_SECONDS)
            if again:
                threading.Thread(target=cancel_again, daemon=True).start()

    def _close_when_interrupted(self, connection: Any, tag: str) -> None:
        """Have an interrupt of a call on ``connection`` end the connection, and the jobs with ``tag``, which are its own.

        The next call would get the answer to this one. py4j closes it by itself, but other threads' connections too. What
        the driver has not yet begun when the interrupt comes begins after the first cancel, so that there are others.
        """
        original = connection.send_command

        def send_command(command: str) -> Any:
            try:
                return original(command)
            except KeyboardInterrupt:
                connection.close()
                self._cancel(tag, again=_CANCEL_AGAIN)
                raise

        connection.send_command = send_command

    def is_own_tag(self, tag: str) -> bool:
        """Whether ``tag`` is one that the driver's side set, and not the notebook."""
        return tag == self.address.tag or tag.startswith(f"{self.address.tag}{_OF_CONNECTION}")

    def _watch_cells(self) -> None:
        """Cancel what is running when a cell is interrupted while it waits for something else than the gateway."""
        shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
        if shell is not None:

            def ended(result: Any) -> None:
                if isinstance(result.error_in_exec, KeyboardInterrupt):
                    self.cancel_jobs()

            shell.events.register("post_run_cell", ended)

    def _mark_connections(self, gateway: Any, context: Any) -> None:
        """Put the attempt's tag on every connection: each is a thread of the driver, and tags belong to threads.

        The group, beside the tag, is what Spark can refuse future jobs of; the pool shares the cores between notebooks.
        """
        from py4j.protocol import CALL_COMMAND_NAME, END_COMMAND_PART, get_command_part, is_error

        self._marked_by = context  # the driver forgets an object that is let go here, and the marks name this one by its number
        client, tag = gateway._gateway_client, self.address.tag
        properties = {"spark.scheduler.pool": tag, "spark.jobGroup.id": tag, "spark.job.interruptOnCancel": "true"}
        call = f"{CALL_COMMAND_NAME}{context._target_id}\n"
        marks = [f"{call}addJobTag\n{get_command_part(tag)}{END_COMMAND_PART}"]
        for name, value in properties.items():
            marks.append(f"{call}setLocalProperty\n{get_command_part(name)}{get_command_part(value)}{END_COMMAND_PART}")
        original, numbers = client._create_new_connection, itertools.count(1)

        def marked() -> Any:
            try:
                connection = original()
                own = f"{tag}{_OF_CONNECTION}{next(numbers)}"
                self._close_when_interrupted(connection, own)
                for mark in [*marks, f"{call}addJobTag\n{get_command_part(own)}{END_COMMAND_PART}"]:
                    if is_error(connection.send_command(mark))[0]:
                        raise self._gone("it does not know the task any more")
                if self.session is not None:
                    active = f"z:{_SESSION}\nsetActiveSession\n{get_command_part(self.session)}"
                    connection.send_command(f"{CALL_COMMAND_NAME}{active}{END_COMMAND_PART}")
            except BaseException:  # an interrupt comes between any two lines
                half = client.get_thread_connection()
                if half is not None:
                    half.close()  # else it serves the thread's next call, whose jobs would be nobody's
                raise
            return connection

        client._create_new_connection = marked
        own = f"{tag}{_OF_CONNECTION}0"
        self._close_when_interrupted(client.get_thread_connection(), own)  # this thread's connection is there already
        context.addJobTag(tag)
        context.addJobTag(own)
        for name, value in properties.items():
            context.setLocalProperty(name, value)

    def new_session(self) -> Any:
        """A new Java session of this notebook's own, active in this thread and in those whose connections are yet to come."""
        session = self.root.newSession()
        java_class(self.gateway, _SESSION).setActiveSession(session)
        self.session = session
        return session

    def claim(self, java_session: Any) -> None:
        """Write this notebook's tag into a session, so that its streaming queries are known as this notebook's; and the
        run's mark, so that the commits of its tables are."""
        java_session.conf().set(TAG_SETTING, self.address.tag)
        self._map_catalogs(java_session)
        mark = current_mark()
        if mark is not None:
            java_session.conf().set(COMMIT_SETTING, mark.to_text())

    def _map_catalogs(self, java_session: Any) -> None:
        """Give the session's own catalog the further names that the workspace says; Spark has no setting for that."""
        if not mapped_catalogs():
            return
        manager = java_session.sessionState().catalogManager()
        own = manager.catalog(CATALOG)
        field = next(field for field in manager.getClass().getDeclaredFields() if field.getName().endswith("catalogs"))
        field.setAccessible(True)
        for name in mapped_catalogs():
            field.get(manager).put(name, own)

    def end_session(self) -> None:
        """Stop what the notebook's session has running: its streaming queries and its jobs."""
        session, self.session = self.session, None
        with contextlib.suppress(Exception):  # a driver that is gone has nothing running
            if session is not None:
                for query in list(session.streams().active()):
                    query.stop()
            self.cancel_jobs()

    def worker_environment(self) -> dict[str, str]:
        """What Spark's Python workers need in order to find the modules and files beside the notebook."""
        path = os.pathsep.join(filter(None, [self.folder, os.environ.get("PYTHONPATH", "")]))
        return {"PYTHONPATH": path, _FOLDER_VARIABLE: self.folder}


def java_class(gateway: Any, name: str) -> Any:
    """A class of the driver by its whole name, without asking the driver what each part of the name is."""
    from py4j.java_gateway import JavaClass

    return JavaClass(name, gateway._gateway_client)


@functools.lru_cache(maxsize=1)
def _driver_gone_class() -> type[EngineError]:
    from py4j.protocol import Py4JNetworkError

    class SparkDriverGoneError(EngineError, Py4JNetworkError):  # type: ignore[misc]  # py4j has no types
        """The Spark driver is gone."""

        def __init__(self, kind: ErrorKind, message: str) -> None:
            EngineError.__init__(self, kind, message)
            self.cause, self.when = None, None

        __str__ = Exception.__str__

    SparkDriverGoneError.__qualname__ = SparkDriverGoneError.__name__
    return SparkDriverGoneError


def _not_py4j(record: logging.LogRecord) -> bool:
    return record.module not in ("java_gateway", "clientserver")


def _listens(port: int) -> bool:
    """Whether somebody takes connections on the driver's port."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2):
            return True
    except OSError:
        return False
