"""Holds a workspace's warm engine: reads what it shall be as JSON, prints where it is, and serves until it is time to end."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from nbflow.core.errors import EngineError, NbflowError, StoreError
from nbflow.run.engines.choose import Needs, choose, fingerprint, make_engine
from nbflow.run.engines.holder import LOCK_FILE, Holder, WarmAddress, read_address
from nbflow.run.engines.warm import WarmEngine
from nbflow.run.guard import Guard
from nbflow.store.folders import make_private_folder
from nbflow.store.live import LiveLock, is_held
from nbflow.surface.cli.terminal import one_line, stderr
from nbflow.workspace import Workspace

_LOOK_SECONDS = 0.1


async def hold(asked: dict[str, Any]) -> None:
    """Start the engine that ``asked`` describes (``root``, ``settings`` of the call, ``minutes``) and serve it. With ``bound`` it
    ends when standard input has closed and nobody uses it any more, and people are told by text on standard error; where another
    is there, or is starting, that one is joined until standard input closes.

    Raises ``NbflowError`` where it cannot start, or another is there and is not to be joined.
    """
    workspace = Workspace.find(Path(asked["root"]), Path(asked["root"]), asked["settings"])
    settings, folder = workspace.settings, workspace.warm_folder
    make_private_folder(folder.parent)
    make_private_folder(folder)
    lock = await _lock_or_join(folder) if asked.get("bound") else _lock(folder)
    if lock is None:
        return

    def announce(text: str) -> None:
        if asked.get("bound"):
            stderr.line(f"nbflow: {one_line(text, 1000)}")
        else:
            print(json.dumps({"note": text}), flush=True)

    def ready(address: WarmAddress) -> None:
        if asked.get("bound"):
            announce(f"engine {address.engine} is there, process {address.pid}")
            return
        print(json.dumps({"ready": {**asdict(address), "token": None}}), flush=True)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)  # who started this does not wait any more

    try:
        with Guard() as guard:
            name = settings.engine
            if name == "auto":
                choice = await choose(announce, settings.python)
                name = choice.name
                if choice.reason is not None:
                    announce(
                        f"the engine is {name}: spark cannot start here ({choice.reason}); 'nbflow engine differences' lists how they differ"
                    )
            given = settings.driver_memory, settings.spark_conf, settings.python, workspace.warehouse, folder / "state"
            needs = Needs(*given, announce, guard.token, guard, settings.parallel, lasting=True)
            holder = Holder(
                make_engine(name, needs), folder, fingerprint(name, needs), asked["minutes"], os.getpid(), of_lab=bool(asked.get("bound"))
            )
            loop = asyncio.get_running_loop()
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                loop.add_signal_handler(number, holder.stop)
            if asked.get("bound"):
                loop.add_reader(sys.stdin.fileno(), _when_closed, lambda: _ending.append(loop.create_task(holder.stop_when_unused())))
            await holder.serve(ready)
    finally:
        lock.release()


def _lock(folder: Path) -> LiveLock:
    try:
        return LiveLock(folder / LOCK_FILE)
    except StoreError:
        raise StoreError("an engine is running already, or being started; 'nbflow engine status' tells") from None


async def _lock_or_join(folder: Path) -> LiveLock | None:
    """The lock of who holds an engine. Where another has it, be joined to that engine until it ends or standard input closes, and
    return ``None``. Raises ``StoreError`` where the lock cannot be made."""
    loop = asyncio.get_running_loop()
    joining = asyncio.ensure_future(_first_or_guest(folder))
    loop.add_reader(sys.stdin.fileno(), _when_closed, joining.cancel)
    try:
        return await joining
    except asyncio.CancelledError:
        return None
    finally:
        loop.remove_reader(sys.stdin.fileno())


async def _first_or_guest(folder: Path) -> LiveLock | None:
    while True:
        try:
            return LiveLock(folder / LOCK_FILE)
        except StoreError:
            if not is_held(folder / LOCK_FILE):
                raise
        address = read_address(folder)
        if address is not None:
            engine = WarmEngine(address, lab=True)
            try:
                with contextlib.suppress(EngineError):  # it is ending in this moment: then this is the first
                    await engine.stay()
                    return None
            finally:
                await engine.stop()
        await asyncio.sleep(_LOOK_SECONDS)


def _when_closed(then: Callable[[], object]) -> None:
    """Who asked for the engine is gone, or has more to say, which is not listened to."""
    if not os.read(sys.stdin.fileno(), 1024):
        asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
        then()


_ending: list[asyncio.Task[None]] = []
"""Kept, since a loop keeps no task."""


def main() -> None:
    """The entry of ``python -m``: a line of JSON for each thing to tell, the last ``ready`` or ``error``."""
    asked = json.loads(sys.stdin.readline())
    try:
        asyncio.run(hold(asked))
    except NbflowError as error:
        if asked.get("bound"):
            stderr.line(f"nbflow: no engine is held: {error}")
            sys.exit(1)
        print(json.dumps({"error": str(error), "log": getattr(error, "log", "")}), flush=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
