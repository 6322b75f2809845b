"""A Spark driver for real, and processes that attach to it as notebooks do."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import textwrap
import threading
import time
import uuid
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from nbflow.define.settings import Settings
from nbflow.run.engines.connect import ConnectEngine
from nbflow.run.engines.sail import SailEngine
from nbflow.run.engines.server import Server
from nbflow.run.engines.spark import SparkEngine

_PRELUDE = """
import json, os, sys, time
from nbflow.core.exchange import SparkAddress
from nbflow.surface.inside.spark import install, session

install(SparkAddress(**json.loads(sys.argv[1])), sys.argv[2], sys.argv[3])

def tell(value):
    print(json.dumps(value), flush=True)

def wait():
    return sys.stdin.readline()

def outcome(job):
    try:
        job()
        tell("done")
    except Exception as error:
        tell(type(error).__name__ + " " + str(error)[:3000])

def until_go(rows):
    while not os.path.exists("go"):
        time.sleep(0.05)
    return rows

def forever(rows):
    time.sleep(600)
    return rows

def endless_job():
    session().sparkContext.parallelize([1], 1).mapPartitions(forever).count()

"""


class Client:
    """A process that is attached to a driver. Its code speaks by ``tell(value)`` and waits for ``go()`` by ``wait()``.

    ``until_go`` and ``forever`` are functions for its Spark jobs: they end when there is a file ``go``, and never.
    """

    def __init__(self, address: Any, folder: Path, code: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.tag, self.folder = address.tag, folder
        self.process = subprocess.Popen(
            [sys.executable, "-c", _PRELUDE + textwrap.dedent(code), json.dumps(asdict(address)), str(folder), address.tag],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=folder,
        )  # fmt: skip

    def told(self) -> Any:
        """The next value that the process tells; fails when it ends without one."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(f"the process told nothing: {self.process.communicate(timeout=60)[1][-4000:]}")
        return json.loads(line)

    def go(self) -> None:
        """Let the process go on."""
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def end(self) -> list[Any]:
        """Let the process run to its end; everything it tells until then. It must succeed."""
        output, errors = self.process.communicate(timeout=120)
        assert self.process.returncode == 0, errors[-4000:]
        return [json.loads(line) for line in output.splitlines()]


class Bench:
    """An engine, a loop in a thread that it lives in, and the clients that are attached to it."""

    def __init__(self, root: Path, make: Callable[..., Any] = SparkEngine, **settings: Any) -> None:
        self.root, self.warehouse, self.state = root, root / "warehouse", root / "state"
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()
        self.said: list[str] = []
        self.engine = make(Settings(**settings), self.warehouse, self.state, self.said.append)
        self._clients: list[Client] = []
        self.server: Any = None

    def do(self, work: Coroutine[Any, Any, Any], seconds: float = 120) -> Any:
        """The result of ``work``, done in the loop."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(seconds)

    def client(self, code: str, folder: Path | None = None, tag: str | None = None) -> Client:
        """A new process, attached under ``tag`` or one of its own, in ``folder`` or one of its own."""
        self.do(self.engine.start())
        tag = tag or f"t-{uuid.uuid4().hex[:8]}"
        return self.attach(self.do(self.engine.address(tag)), code, folder)

    def attach(self, address: Any, code: str, folder: Path | None = None) -> Client:
        """A new process that attaches at ``address``."""
        client = Client(address, folder or self.root / "folders" / address.tag, code)
        self._clients.append(client)
        return client

    def run(self, code: str, folder: Path | None = None) -> list[Any]:
        """What a process that runs ``code`` to its end tells."""
        return self.client(code, folder).end()

    def java(self) -> int:
        """The driver's process id."""
        mark = f"@{self.state / 'driver.args'}".encode()
        for folder in Path("/proc").iterdir():
            try:
                if folder.name.isdigit() and mark in (folder / "cmdline").read_bytes():
                    return int(folder.name)
            except OSError:
                continue
        raise AssertionError("there is no driver")

    def clear(self) -> None:
        """End the clients that are still there."""
        for client in self._clients:
            if client.process.poll() is None:
                client.process.kill()
            client.process.communicate()
            self.do(self.engine.cancel(client.tag))
        self._clients.clear()

    def close(self) -> None:
        """End everything."""
        self.clear()
        self.do(self.engine.stop())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()


def eventually(condition: Callable[[], Any], seconds: float = 20) -> Any:
    """The first true value of ``condition``, asked again and again; fails when there is none in time."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.05)
    return value


@pytest.fixture(scope="session")
def shared_bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """One driver for all tests that leave it as it was."""
    bench = Bench(tmp_path_factory.mktemp("spark"))
    yield bench
    bench.close()


@pytest.fixture
def bench(shared_bench: Bench) -> Iterator[Bench]:
    """The shared driver, without the clients of other tests."""
    yield shared_bench
    shared_bench.clear()


@pytest.fixture
def own_bench(tmp_path: Path) -> Iterator[Bench]:
    """A driver that a test may kill."""
    bench = Bench(tmp_path)
    yield bench
    bench.close()


@pytest.fixture
def sail(tmp_path: Path) -> Iterator[Bench]:
    """Sail, a server for each client."""
    bench = Bench(tmp_path, SailEngine)
    yield bench
    bench.close()


@pytest.fixture
def connect(tmp_path: Path) -> Iterator[Bench]:
    """A Spark Connect server that somebody else runs, Sail's, and the engine that makes sessions on it: ``bench.server``."""
    server = Server(sys.executable, tmp_path / "server.log", uuid.uuid4().hex)
    asyncio.run(server.start({"TOKIO_WORKER_THREADS": "4"}, tmp_path))

    def make(settings: Settings, warehouse: Path, state: Path, announce: Callable[[str], None]) -> ConnectEngine:
        return ConnectEngine(f"sc://127.0.0.1:{server.port}", settings, state, announce)

    bench = Bench(tmp_path, make)
    bench.server = server
    yield bench
    bench.close()
    server.end()


@pytest.fixture
def until() -> Callable[..., Any]:
    """``eventually``, for tests."""
    return eventually
