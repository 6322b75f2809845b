"""Runs a Java program with Spark as a task: ``python nbflow_jar.py CALL``, a file with JSON (``run.tasks.jar`` writes it).

Starts a JVM with Spark, Delta and the task's jars, makes the warehouse's tables known to its session, and calls the main class.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

_LAST_SECONDS = 10.0


def main() -> int:
    """Start the JVM and call the main class; the exit code."""
    del sys.path[0]  # this file's folder
    from nbflow.core.errors import EngineError
    from nbflow.run.engines.gateway import Gateway

    call = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    private = Path(sys.argv[1]).parent
    gateway = Gateway(private, os.environ["NBFLOW_FAMILY"], own_log=False, folder=Path(call["folder"]))
    try:
        return asyncio.run(_run(call, gateway))
    except KeyboardInterrupt:
        print("interrupted")
        return 130
    except EngineError as error:
        _leave_error("EngineError", str(error))
        return 1


async def _run(call: dict[str, Any], gateway: Any) -> int:
    from nbflow.run.engines.archive import archive_options
    from nbflow.run.engines.conf import driver_options
    from nbflow.run.engines.control import Control
    from nbflow.run.engines.cores import cores
    from nbflow.run.engines.memory import heap
    from nbflow.run.engines.parts import find_parts

    parts = await find_parts(print)
    warehouse = Path(call["warehouse"])
    warehouse.mkdir(parents=True, exist_ok=True)
    options = driver_options(call["spark_conf"], heap(call["driver_memory"]), warehouse, gateway.scratch, cores())
    options = replace(options, java_options=(*archive_options(parts), *options.java_options))
    try:
        port, secret = await gateway.start(parts.java, options, [*parts.class_path, *map(Path, call["jars"])])
        calling = asyncio.get_running_loop().run_in_executor(None, _call, Control(port, secret), call)
        gone = asyncio.ensure_future(gateway.gone())
        await asyncio.wait({calling, gone}, return_when=asyncio.FIRST_COMPLETED)
        status = (await asyncio.gather(calling, return_exceptions=True))[0]
        if isinstance(status, int):
            return status
        await asyncio.wait({gone}, timeout=_LAST_SECONDS)  # the call broke, as it does when the program ends the JVM
        if gone.done():
            return int(gateway.status)
        raise status
    finally:
        await gateway.end()


def _call(control: Any, call: dict[str, Any]) -> int:
    """Call the main class; 0, or 1 where it threw something, which is told."""
    from py4j.protocol import Py4JJavaError

    control.begin(Path(call["warehouse"]))
    try:
        control.run_main(call["main_class"], call["arguments"], call["mark"])
    except Py4JJavaError as error:
        thrown = error.java_exception
        stack = str(error).partition("\n: ")[2].partition("\tat java.base/jdk.internal.reflect.")[0]  # without the way to main
        _leave_error(str(thrown.getClass().getName()), str(thrown.getMessage()), stack)
        return 1
    return 0


def _leave_error(name: str, text: str, stack: str = "") -> None:
    """Print the error, and leave it for the run."""
    from nbflow.core.exchange import ERROR_FILE

    print(stack.rstrip() or f"{name}: {text}")
    with open(os.path.join(os.environ["NBFLOW_TASK"], ERROR_FILE), "w", encoding="utf-8") as file:
        json.dump({"ename": name, "evalue": text}, file)


if __name__ == "__main__":
    sys.exit(main())
