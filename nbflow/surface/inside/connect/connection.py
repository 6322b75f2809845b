"""A Spark Connect server as a notebook's process sees it: the way there, its sessions, and what to say when it is gone."""

from __future__ import annotations

import contextlib
import functools
import ipaddress
import json
import socket
import sys
import threading
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from nbflow.core.errors import EngineError
from nbflow.core.exchange import COMMIT_SETTING, SESSIONS_SUFFIX, TAG_SETTING, SparkAddress
from nbflow.core.results import ErrorKind
from nbflow.surface.inside.context import current_mark

_CANCEL_SECONDS = 5.0
_PROBE_SECONDS = 2.0
_RETRIES = {"max_retries": 5, "initial_backoff": 50, "backoff_multiplier": 2.0, "max_backoff": 1000}
"""Some two seconds in all; PySpark's own are ten minutes."""

_DEFAULT_PORT = 15002
_NOT_SETTINGS = ("spark.remote", "spark.master", "spark.api.mode", "spark.app.name", "spark.sql.catalogImplementation")


class Connection:
    """A server, reached on first use. ``address`` says where it is, ``folder`` where the notebook's paths start."""

    def __init__(self, address: SparkAddress, folder: str, name: str) -> None:
        self.address, self.folder, self.name = address, folder, name
        self.lock = threading.RLock()
        self._remote: str | None = None
        self._settings: dict[str, str] = {}
        self._taken = address.lent
        self._watched = False
        self._recognized: bool | None = None
        self.when_sail: Callable[[], None] = lambda: None
        """What is done when a server that somebody else runs is Sail."""

    @property
    def engine(self) -> str:
        """``connect`` or ``sail``."""
        return self.address.engine

    @property
    def is_sail(self) -> bool:
        """Whether the server is Sail, nbflow's own or another one."""
        return self.engine == "sail" or self._recognized is True

    def session(self, options: Mapping[str, Any]) -> Any:
        """The notebook's session, made where it has none, with the settings in ``options``. Raises ``EngineError``."""
        from pyspark.sql.connect.session import SparkSession

        with self.lock:
            session = SparkSession.getActiveSession() or SparkSession._get_default_session()
            if session is None:
                session = self.new_session()
                SparkSession._set_default_and_active_session(session)
            given = {name: str(value) for name, value in options.items() if name not in _NOT_SETTINGS}
            if given:
                session.conf._set_all(configs=given, silent=True)
            return session

    def new_session(self) -> Any:
        """A further session of this notebook's own. Raises ``EngineError`` when the server is gone."""
        from pyspark.sql.connect.client.retries import DefaultPolicy
        from pyspark.sql.connect.session import SparkSession

        with self.lock:
            session = SparkSession(connection=self._next_remote())
            session.client.set_retry_policies([DefaultPolicy(**_RETRIES)])
            self.watch_cells()
            settings = {**self._settings, **self._marks()}
            session.conf._set_all(configs=settings, silent=True)
            self._recognize(session)
            return session

    def _recognize(self, session: Any) -> None:
        """Learn of a server that somebody else runs whether it is Sail, and guard it then. Raises ``EngineError`` where that cannot be."""
        if self.engine == "sail" or self._recognized is not None:
            return
        if not _answers_as_sail(session):
            self._recognized = False
            return
        host, port = place_of(self._remote or "")
        if not _is_here(host):
            session.stop()
            msg = (
                f"the server at {host}:{port} is Sail, not Spark, and loses data in silence where nbflow cannot look at its files: "
                "'nbflow run --engine sail' guards one on this machine"
            )
            raise EngineError(ErrorKind.ENGINE_START, msg)
        self._recognized = True
        self.when_sail()

    def _next_remote(self) -> str:
        """The address for one more session: the run's own first, then others, each written down for the run."""
        if self._remote is None:
            try:
                connection = json.loads(Path(self.address.connection).read_text("utf-8"))
            except (OSError, ValueError):
                raise self.gone("its connection file is not there any more") from None
            self._remote, self._settings = connection["remote"], connection.get("conf", {})
        if not self._taken:
            self._taken = True
            return self._remote
        number = str(uuid.uuid4())
        with contextlib.suppress(OSError), open(self.address.connection + SESSIONS_SUFFIX, "a", encoding="utf-8") as file:
            file.write(f"{number}\n")
        parts = [part for part in self._remote.split(";") if not part.startswith("session_id=")]
        return ";".join([*parts, f"session_id={number}"])

    def _marks(self) -> dict[str, str]:
        """Whose the session is; and the run's mark, which Delta keeps with each commit where the engine hands it on."""
        mark = current_mark()
        own = {TAG_SETTING: self.address.tag}
        return own if mark is None else {**own, COMMIT_SETTING: mark.to_text()}

    def is_gone(self) -> bool:
        """Whether nobody takes connections at the server's address."""
        host, port = place_of(self._remote or "")
        try:
            with socket.create_connection((host, port), timeout=_PROBE_SECONDS):
                return False
        except OSError:
            return True

    def gone(self, detail: str) -> Exception:
        """The error for a server that is not there; where PySpark is loaded it is one of its own, too."""
        message = f"the {'Sail' if self.engine == 'sail' else 'Spark Connect'} server is gone ({detail}); its log may say why"
        if "pyspark.errors.exceptions.connect" not in sys.modules:
            return EngineError(ErrorKind.ENGINE_LOST, message)
        return _gone_class()(ErrorKind.ENGINE_LOST, message)

    def interrupt(self) -> None:
        """Interrupt what this notebook's sessions have running; no error when there is nothing, or no server.

        In a thread of its own, so that a server that does not answer holds nobody up for long.
        """
        from pyspark.sql.connect.session import SparkSession

        session = SparkSession._get_default_session()

        def interrupt() -> None:
            with contextlib.suppress(Exception):
                session.client.interrupt_all()

        if session is not None:
            thread = threading.Thread(target=interrupt, daemon=True)
            thread.start()
            thread.join(_CANCEL_SECONDS)

    def watch_cells(self) -> None:
        """Interrupt what is running when a cell is interrupted, wherever in it that came."""
        shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
        if shell is None or self._watched:
            return
        self._watched = True

        def ended(result: Any) -> None:
            if isinstance(result.error_in_exec, KeyboardInterrupt):
                self.interrupt()

        shell.events.register("post_run_cell", ended)


def _answers_as_sail(session: Any) -> bool:
    """Whether the server is Sail: it says to be the Spark whose client this is, but ``version()`` gives its own."""
    own = str(session.sql("SELECT version()").collect()[0][0])
    return not own.startswith(".".join(str(session.version).split(".")[:2]))


def _is_here(host: str) -> bool:
    """Whether a host's name means this machine."""
    with contextlib.suppress(OSError):
        return all(ipaddress.ip_address(info[4][0]).is_loopback for info in socket.getaddrinfo(host, None))
    return False


def place_of(remote: str) -> tuple[str, int]:
    """Host and port of ``sc://host:port/;…``."""
    parts = urlsplit("http" + remote.removeprefix("sc"))
    return parts.hostname or "127.0.0.1", parts.port or _DEFAULT_PORT


@functools.lru_cache(maxsize=1)
def _gone_class() -> type[EngineError]:
    from pyspark.errors.exceptions.connect import SparkConnectException

    class SparkServerGoneError(EngineError, SparkConnectException):  # type: ignore[misc]  # PySpark has no types
        """The Spark server is gone."""

        def __init__(self, kind: ErrorKind, message: str) -> None:
            SparkConnectException.__init__(self, message)
            EngineError.__init__(self, kind, message)

        __str__ = Exception.__str__

    SparkServerGoneError.__qualname__ = SparkServerGoneError.__name__
    return SparkServerGoneError
