"""Holds a Spark engine for a notebook that is run by hand: prints its address as JSON, ends it when stdin closes."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

from nbflow.core.errors import EngineError, NbflowError
from nbflow.core.results import ErrorKind
from nbflow.run.engines.choose import choose
from nbflow.run.guard import Guard
from nbflow.surface.cli.warm import is_between
from nbflow.workspace import Workspace

_LOOK_SECONDS = 0.1


async def hold(folder: Path) -> None:
    """Start the engine of the workspace around ``folder``, or join its warm one, and keep it until standard input closes. One
    that is just starting is waited for."""
    os.chdir(folder)  # where relative paths of the environment's settings start
    workspace = Workspace.find(folder)
    name = workspace.settings.engine

    def announce(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    if name == "none":
        message = "the workspace's engine is none: notebooks make their own session, as with nbflow.spark_builder()"
        raise EngineError(ErrorKind.ENGINE_START, message)
    if name == "auto":
        name = (await choose(announce, workspace.settings.python)).name
    while is_between(workspace):
        await asyncio.sleep(_LOOK_SECONDS)
    with Guard() as guard:
        engine = workspace.engine(name, workspace.settings.spark_conf, guard.folder / "engine", announce, guard.token, guard)
        try:
            await engine.start()
            address = await engine.address(f"nbflow-by-hand-{os.getpid()}")
            print(json.dumps({**asdict(address), "catalogs": list(workspace.settings.catalogs)}), flush=True)
            await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        finally:
            await engine.stop()


def main() -> None:
    """The entry of ``python -m``: the address, or ``{"error": …}``, on one line."""
    try:
        asyncio.run(hold(Path(sys.argv[1])))
    except NbflowError as error:
        print(json.dumps({"error": str(error)}), flush=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
