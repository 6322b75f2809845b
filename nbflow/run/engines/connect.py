"""A Spark Connect server that somebody else runs: ``sc://host:port/;token=…``. Nothing is started and nothing stopped."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from nbflow.core.errors import EngineError
from nbflow.core.exchange import SESSIONS_SUFFIX, SparkAddress
from nbflow.core.results import ErrorKind
from nbflow.define.pipelines.engines import engine_label, engine_problem
from nbflow.run.engines.conf import setting_text
from nbflow.run.engines.private_files import connection_file, write_private
from nbflow.run.guard import Guard

_WORKER = Path(__file__).parent / "worker" / "nbflow_connect.py"
_COMMAND = [sys.executable, str(_WORKER)]
_ANSWER_SECONDS = 10.0
_CANCEL_SECONDS = 8.0
_LOOK_SECONDS = 2.0
_LOOKS = 3
"""A server is taken for gone when it did not answer so many times, one after the other."""


class ConnectSettings(Protocol):
    """What a server's sessions take from the workspace's settings."""

    @property
    def spark_conf(self) -> Mapping[str, Any]:
        """Spark's settings, for each session."""
        ...


class ConnectEngine:
    """Sessions on a server that is there. Keeps the promise of ``core.ports.Engine``.

    ``url`` is the server's address; what stands in it besides host and port goes to the server and is told nobody.
    ``state`` is a folder for connection files, made private; ``guard`` ends the sessions where nbflow is killed. Raises ``EngineError`` for what is no such address.
    """

    name = "connect"

    def __init__(
        self, url: str, settings: ConnectSettings, state: Path, announce: Callable[[str], None], token: str = "",
        guard: Guard | None = None,
    ) -> None:  # fmt: skip
        self._url, self._settings, self._state, self._guard = url, settings, state.absolute(), guard
        if problem := engine_problem(url):
            raise EngineError(ErrorKind.ENGINE_START, problem)
        place = urlsplit(engine_label(url))
        self.host, self.port = place.hostname or "", place.port or 0
        self._sessions: dict[str, str] = {}
        self._released: dict[str, set[str]] = {}
        self._started = self._spoken = False

    @property
    def place(self) -> str:
        """The server's address as it may be told: without its token."""
        return engine_label(self._url)

    async def start(self, tag: str = "") -> None:
        """See that the server answers, and is one for Spark; see ``core.ports.Engine``."""
        why = await self._silence(_ANSWER_SECONDS)
        if why:
            raise EngineError(ErrorKind.ENGINE_START, f"no Spark Connect server answers at {self.place}: {why}")
        if not self._spoken:
            told = await asyncio.get_running_loop().run_in_executor(None, ask, self._url, _ANSWER_SECONDS)
            if why := trouble_in(told, self._url):
                raise EngineError(ErrorKind.ENGINE_START, why)
            self._spoken = True
        try:
            self._state.mkdir(parents=True, exist_ok=True)
            self._state.chmod(0o700)
            (self._state / "connections").mkdir(mode=0o700, exist_ok=True)
            if self._guard is not None and not self._started:
                self._guard.remove(self._state / "connections")
        except OSError as error:
            raise EngineError(ErrorKind.ENGINE_START, f"no file for the connection to {self.place} can be made: {error}") from None
        self._started = True

    async def _silence(self, seconds: float) -> str:
        """Why nobody takes connections at the server's address; empty when somebody does."""
        try:
            _, writer = await asyncio.wait_for(asyncio.open_connection(self.host, self.port), seconds)
        except asyncio.TimeoutError:
            return f"no answer within {seconds:g} s"
        except OSError as error:
            return error.strerror or str(error)
        writer.close()
        return ""

    async def address(self, tag: str) -> SparkAddress:
        """What a notebook needs in order to attach: each tag has a session of its own."""
        if not self._started:
            raise EngineError(ErrorKind.ENGINE_LOST, f"{self.place} was not asked yet whether it answers")
        path = connection_file(self._state, tag)
        if tag not in self._sessions:
            session = self._sessions[tag] = str(uuid.uuid4())
            given = {"remote": with_session(self._url, session), "sessions": [session], "more": f"{path}{SESSIONS_SUFFIX}"}
            if self._guard is not None:
                self._guard.later(tag, _COMMAND, json.dumps(given))
            conf = {name: setting_text(value) for name, value in self._settings.spark_conf.items()}
            write_private(path, json.dumps({"remote": given["remote"], "conf": conf}))
        return SparkAddress(str(path), "", tag, self.name)

    async def remote(self, tag: str = "", mark: str = "") -> str:
        """The server's own address, with the session of ``tag``; ``mark`` is for who speaks there to set."""
        if not tag:
            return self._url
        path = Path((await self.address(tag)).connection)
        return str(json.loads(path.read_text("utf-8"))["remote"])

    async def clients(self) -> int:
        """Those that this run has let in; who else is there it does not know."""
        return len(self._sessions)

    async def rest(self) -> None:
        """Nothing: the server is somebody else's."""

    async def lost(self, tag: str = "") -> str:
        """Return when the server has not answered for some time; see ``core.ports.Engine``."""
        failed, why = 0, "it was not asked yet"
        while self._started and failed < _LOOKS:
            await asyncio.sleep(_LOOK_SECONDS)
            why = await self._silence(_ANSWER_SECONDS)
            failed = failed + 1 if why else 0
        return f"the Spark Connect server at {self.place} is gone ({why if self._started else 'this run has let go of it'})"

    async def cancel(self, tag: str) -> None:
        """Interrupt and end the sessions of ``tag``; see ``core.ports.Engine``."""
        if tag not in self._sessions:
            return
        path = connection_file(self._state, tag)
        path.unlink(missing_ok=True)
        sessions = {self._sessions[tag]}
        with contextlib.suppress(OSError):  # there is none where the notebook had but the one
            sessions |= set(Path(f"{path}{SESSIONS_SUFFIX}").read_text("utf-8").split())
        released = self._released.setdefault(tag, set())
        left = sorted(sessions - released)
        if left:
            released |= sessions
            await asyncio.get_running_loop().run_in_executor(None, self._release, left)
        if self._guard is not None:
            self._guard.forget(tag)

    def _release(self, sessions: list[str]) -> None:
        """In a process of its own: this one does without gRPC and PySpark. The token goes through its input."""
        given = json.dumps({"remote": with_session(self._url, sessions[0]), "sessions": sessions})
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            subprocess.run(
                _COMMAND, input=given, text=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                start_new_session=True, timeout=_CANCEL_SECONDS, check=False,
            )  # fmt: skip

    async def stop(self) -> None:
        """End the sessions that are left; the server goes on."""
        for tag in list(self._sessions):
            await self.cancel(tag)
        self._started = False
        self._sessions.clear()
        self._released.clear()
        shutil.rmtree(self._state / "connections", ignore_errors=True)


def ask(url: str, seconds: float) -> dict[str, str]:
    """What the server at ``url`` says of itself: ``version``, or ``code`` and ``details`` as gRPC has them."""
    given = json.dumps({"remote": with_session(url, str(uuid.uuid4())), "ask": True, "seconds": seconds})
    try:
        done = subprocess.run(
            _COMMAND, input=given, capture_output=True, text=True, start_new_session=True, timeout=seconds + _CANCEL_SECONDS, check=False
        )
        told: dict[str, str] = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return {"code": "UNKNOWN", "details": "it could not be asked"}
    return told


def trouble_in(told: Mapping[str, str], url: str) -> str:
    """Why no session can be had at ``url``, where ``ask`` was told so, with what to do; empty where one can, or time will tell."""
    code, details, options = told.get("code", ""), told.get("details", ""), url.partition("/;")[2]
    place, token, encrypted = engine_label(url), "token=" in options, "use_ssl=true" in options.lower()
    if code in ("UNAUTHENTICATED", "PERMISSION_DENIED"):
        what = "does not accept the token" if token else "wants a token: name it behind the port, /;token=…"
        return f"the Spark Connect server at {place} {what}"
    if code == "UNIMPLEMENTED":
        return f"what answers at {place} is no Spark Connect server"
    if code != "UNAVAILABLE":
        return ""  # such as a cluster that takes its time to start
    if "CERTIFICATE_VERIFY_FAILED" in details:
        return f"the certificate of the server at {place} is not trusted; GRPC_DEFAULT_SSL_ROOTS_FILE_PATH names a file with its authority"
    if (encrypted or token) and "handshake" not in details.lower():
        return f"no session can be had at {place}: {details}"
    if encrypted:
        return f"what answers at {place} does not speak TLS, as use_ssl=true wants it: leave that out"
    if token:
        return (
            f"what answers at {place} does not speak TLS, and PySpark sends a token by nothing else, except to localhost: leave "
            "out the token, or let the server be reached as sc://localhost"
        )
    return f"what answers at {place} is no Spark Connect server, or wants TLS: then add use_ssl=true, as in {place}/;use_ssl=true"


def with_session(url: str, session: str) -> str:
    """``url`` with the id of a session, and with a user, on whom both ends must agree."""
    front, _, rest = url.removeprefix("sc://").partition("/")
    parts = [part for part in rest.split(";") if part and not part.startswith("session_id=")]
    if not any(part.startswith("user_id=") for part in parts):
        parts.append(f"user_id={os.environ.get('SPARK_USER') or os.environ.get('USER') or 'nbflow'}")
    return f"sc://{front}/;" + ";".join([*parts, f"session_id={session}"])
