"""Addresses of Spark Connect servers, and what is told of them. ``tests/journey/test_connect.py`` holds the rest."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from concurrent import futures
from pathlib import Path

import grpc
import pytest

from nbflow.core.errors import EngineError
from nbflow.core.results import ErrorKind
from nbflow.define.settings import Settings
from nbflow.run.engines.connect import ConnectEngine, trouble_in, with_session
from nbflow.run.engines.server import Server

SECRET = "dapi-0123"


def engine_at(url: str, folder: Path) -> ConnectEngine:
    return ConnectEngine(url, Settings(), folder / "state", lambda text: None)


def free_port() -> int:
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        return int(place.getsockname()[1])


def test_nobody_there_is_told_without_the_token(tmp_path: Path) -> None:
    """The error names host and port, and nothing behind them."""
    port = free_port()
    engine = engine_at(f"sc://127.0.0.1:{port}/;token={SECRET}", tmp_path)
    with pytest.raises(EngineError) as told:
        asyncio.run(engine.start())
    assert told.value.kind is ErrorKind.ENGINE_START
    assert f"sc://127.0.0.1:{port}" in str(told.value) and SECRET not in str(told.value)


@pytest.mark.parametrize(
    "url", [f"http://h:1/;token={SECRET}", f"sc:///;token={SECRET}", f"sc://h:x/;token={SECRET}", f"sc://h/a/;token={SECRET}"]
)
def test_what_is_no_address_is_told_without_the_token(url: str, tmp_path: Path) -> None:
    """A wrong address may still hold a real token."""
    with pytest.raises(EngineError) as told:
        engine_at(url, tmp_path)
    assert SECRET not in str(told.value) and told.value.__context__ is None


def test_the_token_stands_only_in_private_files(tmp_path: Path) -> None:
    """The address itself goes into the task's context; the file that it names is its owner's alone."""

    async def life() -> None:
        server = Server(sys.executable, tmp_path / "server.log", uuid.uuid4().hex)
        await server.start({}, tmp_path)
        engine = engine_at(f"sc://localhost:{server.port}/;token={SECRET}", tmp_path)
        await engine.start()
        address = await engine.address("one")
        path = Path(address.connection)
        assert SECRET not in repr(address) and address.warehouse == ""
        assert path.stat().st_mode & 0o777 == 0o600 and path.parent.stat().st_mode & 0o777 == 0o700
        assert f"token={SECRET}" in json.loads(path.read_text())["remote"]
        await engine.stop()
        assert not path.exists()
        server.end()

    asyncio.run(life())


@pytest.fixture
def another() -> Iterator[int]:
    """The port of a server that speaks gRPC, without TLS, and knows nothing of Spark."""
    server = grpc.server(futures.ThreadPoolExecutor(2))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield port
    server.stop(None)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("sc://127.0.0.1:{}", "is no Spark Connect server"),
        ("sc://127.0.0.1:{}/;token=dapi-0123", "does not speak TLS, and PySpark sends a token by nothing else, except to localhost"),
        ("sc://127.0.0.1:{}/;use_ssl=true", "does not speak TLS, as use_ssl=true wants it: leave that out"),
    ],
)
def test_what_cannot_be_spoken_with_is_told_before_any_notebook(url: str, told: str, another: int, tmp_path: Path) -> None:
    """As the engine's own failure, with what to do, and without the token."""
    with pytest.raises(EngineError) as caught:
        asyncio.run(engine_at(url.format(another), tmp_path).start())
    assert caught.value.kind is ErrorKind.ENGINE_START
    assert told in str(caught.value) and SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("answer", "url", "told"),
    [
        ({"version": "4.2.0"}, "sc://h:1", ""),
        ({"code": "DEADLINE_EXCEEDED", "details": ""}, "sc://h:1", ""),
        ({"code": "UNAUTHENTICATED", "details": ""}, "sc://h:1", "wants a token"),
        ({"code": "PERMISSION_DENIED", "details": ""}, "sc://h:1/;token=dapi-0123", "does not accept the token"),
        ({"code": "UNAVAILABLE", "details": "CERTIFICATE_VERIFY_FAILED"}, "sc://h:1/;token=dapi-0123", "is not trusted"),
        ({"code": "UNAVAILABLE", "details": "Socket closed"}, "sc://h:1", "use_ssl=true"),
        (
            {"code": "UNAVAILABLE", "details": "Socket closed"},
            "sc://h:1/;token=dapi-0123",
            "no session can be had at sc://h:1: Socket closed",
        ),
    ],
)
def test_what_a_server_answers_means(answer: dict[str, str], url: str, told: str) -> None:
    """A cluster that takes its time is no trouble; all else says what to do."""
    trouble = trouble_in(answer, url)
    assert (told in trouble) if told else trouble == ""
    assert SECRET not in trouble


def test_a_killed_run_leaves_no_session_and_no_secret(tmp_path: Path) -> None:
    """The guard ends what a notebook has running on the server, and its file with the token goes."""
    code = """
import asyncio, os, signal, sys
from pathlib import Path
from nbflow.define.settings import Settings
from nbflow.run.engines.connect import ConnectEngine
from nbflow.run.guard import Guard

async def life(guard):
    engine = ConnectEngine(sys.argv[1], Settings(), Path(sys.argv[2]), print, guard.token, guard)
    await engine.start()
    print((await engine.address("one")).connection, flush=True)
    sys.stdin.readline()
    os.kill(os.getpid(), signal.SIGKILL)

with Guard() as guard:
    asyncio.run(life(guard))
"""
    query = """
import sys
from pyspark.sql.connect.session import SparkSession
spark = SparkSession(connection=sys.argv[1])
print(spark.range(2).count(), flush=True)
try:
    spark.sql("select count(*) from range(1000000) a, range(100000000) b where (a.id * b.id) % 7 = 3").collect()
except Exception as error:
    print(type(error).__name__, flush=True)
"""
    server = Server(sys.executable, tmp_path / "server.log", uuid.uuid4().hex)
    asyncio.run(server.start({"TOKIO_WORKER_THREADS": "4"}, tmp_path))
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    run = subprocess.Popen([sys.executable, "-c", code, f"sc://localhost:{server.port}/;token={SECRET}", str(tmp_path / "state")], **pipes)
    try:
        path = Path(run.stdout.readline().strip())
        notebook = subprocess.Popen([sys.executable, "-c", query, json.loads(path.read_text())["remote"]], **pipes)
        assert notebook.stdout.readline() == "2\n"
        time.sleep(1)
        run.communicate("\n")
        told, _ = notebook.communicate(timeout=60)
        assert told.strip().endswith(("Error", "Exception"))
        while path.parent.exists():
            time.sleep(0.05)
    finally:
        run.kill()
        server.end()


def test_a_session_is_put_into_the_address() -> None:
    """Whatever else stands there stays; a session that the user names is the run's to choose."""
    url = with_session("sc://h:1/;token=a;user_id=me;session_id=x;x-cluster=c", "y")
    assert url == "sc://h:1/;token=a;user_id=me;x-cluster=c;session_id=y"
    assert with_session("sc://h", "y").startswith("sc://h/;user_id=")
