"""Holds a workspace's warm engine: reads what it shall be as JSON, prints where it is, and serves until it is time to end."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from nbflow.core.errors import NbflowError, StoreError
from nbflow.run.engines.choose import Needs, choose, fingerprint, make_engine
from nbflow.run.engines.holder import LOCK_FILE, Holder, WarmAddress
from nbflow.run.guard import Guard
from nbflow.store.folders import make_private_folder
from nbflow.store.live import LiveLock
from nbflow.workspace import Workspace


async def hold(asked: dict[str, Any]) -> None:
    """Start the engine that ``asked`` describes (``root``, ``settings`` of the call, ``minutes``) and serve it.

    Raises ``NbflowError`` where it cannot start, or another is there.
    """
    workspace = Workspace.find(Path(asked["root"]), Path(asked["root"]), asked["settings"])
    settings, folder = workspace.settings, workspace.warm_folder
    make_private_folder(folder.parent)
    make_private_folder(folder)
    try:
        lock = LiveLock(folder / LOCK_FILE)
    except StoreError:
        raise StoreError("an engine is running already, or being started; 'nbflow engine status' tells") from None

    def announce(text: str) -> None:
        print(json.dumps({"note": text}), flush=True)

    def ready(address: WarmAddress) -> None:
        print(json.dumps({"ready": {**asdict(address), "token": None}}), flush=True)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)  # who started this does not wait any more

    try:
        with Guard() as guard:
            name = (await choose(announce)).name if settings.engine == "auto" else settings.engine
            given = settings.driver_memory, settings.spark_conf, settings.python, workspace.warehouse, folder / "state"
            needs = Needs(*given, announce, guard.token)
            holder = Holder(make_engine(name, needs), folder, fingerprint(name, needs), asked["minutes"], os.getpid())
            loop = asyncio.get_running_loop()
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                loop.add_signal_handler(number, holder.stop)
            await holder.serve(ready)
    finally:
        lock.release()


def main() -> None:
    """The entry of ``python -m``: a line of JSON for each thing to tell, the last ``ready`` or ``error``."""
    try:
        asyncio.run(hold(json.loads(sys.stdin.readline())))
    except NbflowError as error:
        print(json.dumps({"error": str(error), "log": getattr(error, "log", "")}), flush=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
