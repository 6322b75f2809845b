"""Addresses of Spark Connect servers, and what is told of them. ``tests/journey/test_connect.py`` holds the rest."""

from __future__ import annotations

import asyncio
import json
import socket
from pathlib import Path

import pytest

from nbflow.core.errors import EngineError
from nbflow.core.results import ErrorKind
from nbflow.define.settings import Settings
from nbflow.run.engines.connect import ConnectEngine, with_session

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
        server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        engine = engine_at(f"sc://127.0.0.1:{port}/;token={SECRET}", tmp_path)
        await engine.start()
        address = await engine.address("one")
        path = Path(address.connection)
        assert SECRET not in repr(address) and address.warehouse == ""
        assert path.stat().st_mode & 0o777 == 0o600 and path.parent.stat().st_mode & 0o777 == 0o700
        assert f"token={SECRET}" in json.loads(path.read_text())["remote"]
        engine._sessions.clear()  # this server speaks no Spark: there is no session to end
        await engine.stop()
        assert not path.exists()
        server.close()

    asyncio.run(life())


def test_a_session_is_put_into_the_address() -> None:
    """Whatever else stands there stays; a session that the user names is the run's to choose."""
    url = with_session("sc://h:1/;token=a;user_id=me;session_id=x;x-cluster=c", "y")
    assert url == "sc://h:1/;token=a;user_id=me;x-cluster=c;session_id=y"
    assert with_session("sc://h", "y").startswith("sc://h/;user_id=")
