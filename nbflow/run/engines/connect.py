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
from nbflow.define.engines import engine_label, engine_problem
from nbflow.run.engines.conf import setting_text
from nbflow.run.engines.private_files import connection_file, write_private

_ANSWER_SECONDS = 10.0
_CANCEL_SECONDS = 8.0
_LOOK_SECONDS = 2.0
_LOOKS = 3
"""A server is taken for gone when it did not answer so many times, one after the other."""

_RELEASE = Path(__file__).parent / "worker" / "nbflow_release.py"


class ConnectSettings(Protocol):
    """What a server's sessions take from the workspace's settings."""

    @property
    def spark_conf(self) -> Mapping[str, Any]:
        """Spark's settings, for each session."""
        ...


class ConnectEngine:
    """Sessions on a server that is there. Keeps the promise of ``core.ports.Engine``.

    ``url`` is the server's address; what stands in it besides host and port goes to the server and is told nobody.
    ``state`` is a folder for connection files, made private. Raises ``EngineError`` for what is no such address.
    """

    name = "connect"

    def __init__(self, url: str, settings: ConnectSettings, state: Path, announce: Callable[[str], None], token: str = "") -> None:
        self._url, self._settings, self._state = url, settings, state.absolute()
        if problem := engine_problem(url):
            raise EngineError(ErrorKind.ENGINE_START, problem)
        place = urlsplit(engine_label(url))
        self.host, self.port = place.hostname or "", place.port or 0
        self._sessions: dict[str, str] = {}
        self._released: dict[str, set[str]] = {}
        self._started = False

    @property
    def place(self) -> str:
        """The server's address as it may be told: without its token."""
        return engine_label(self._url)

    async def start(self) -> None:
        """See that the server answers; see ``core.ports.Engine``."""
        why = await self._silence(_ANSWER_SECONDS)
        if why:
            raise EngineError(ErrorKind.ENGINE_START, f"no Spark Connect server answers at {self.place}: {why}")
        try:
            self._state.mkdir(parents=True, exist_ok=True)
            self._state.chmod(0o700)
            (self._state / "connections").mkdir(mode=0o700, exist_ok=True)
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
            self._sessions[tag] = str(uuid.uuid4())
            conf = {name: setting_text(value) for name, value in self._settings.spark_conf.items()}
            write_private(path, json.dumps({"remote": with_session(self._url, self._sessions[tag]), "conf": conf}))
        return SparkAddress(str(path), "", tag, self.name)

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

    def _release(self, sessions: list[str]) -> None:
        """In a process of its own: this one does without gRPC and PySpark. The token goes through its input."""
        given = json.dumps({"remote": with_session(self._url, sessions[0]), "sessions": sessions})
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            subprocess.run(
                [sys.executable, str(_RELEASE)], input=given, text=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
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


def with_session(url: str, session: str) -> str:
    """``url`` with the id of a session, and with a user, on whom both ends must agree."""
    front, _, rest = url.removeprefix("sc://").partition("/")
    parts = [part for part in rest.split(";") if part and not part.startswith("session_id=")]
    if not any(part.startswith("user_id=") for part in parts):
        parts.append(f"user_id={os.environ.get('SPARK_USER') or os.environ.get('USER') or 'nbflow'}")
    return f"sc://{front}/;" + ";".join([*parts, f"session_id={session}"])
