"""``nbflow engine``: a warm engine for the workspace, which outlives the runs that use it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nbflow.core.errors import EngineError, UsageError
from nbflow.define.pipelines.engines import engine_label
from nbflow.surface.cli.engine_differences import differences
from nbflow.surface.cli.layout import columns
from nbflow.surface.cli.options import common_options, json_option
from nbflow.surface.cli.session import DOCUMENT_VERSION, Session, print_json
from nbflow.surface.cli.settings_options import settings_options
from nbflow.surface.cli.terminal import one_line, stderr, stdout
from nbflow.surface.cli.warm import held, make_folder, start_holder

if TYPE_CHECKING:
    from nbflow.run.engines.holder import WarmAddress
    from nbflow.workspace import Workspace

_MINUTES = 60
_END_SECONDS = 20.0


@click.group("engine")
@common_options()
def command() -> None:
    """Hold a Spark engine warm for the workspace, so that runs need not start one.

    A run joins it where its settings fit, and starts its own otherwise. Without it nothing outlives a run.
    """


command.add_command(differences)


@command.command("start")
@click.option(
    "--autotermination-minutes", "minutes", type=click.FloatRange(min=0), default=_MINUTES, show_default=True, metavar="MINUTES",
    help="End it when no run has used it for so long; 0: never.",
)  # fmt: skip
@click.option("--connect", is_flag=True, help="Let it take clients of Spark Connect at once; else it does when 'engine address' is asked.")
@settings_options("engine", "driver_memory", "spark_conf", "python", "warehouse")
@common_options()
@click.pass_obj
def start(session: Session, /, minutes: float, connect: bool, settings: dict[str, Any]) -> int:
    """Start the workspace's engine and leave it running."""
    from nbflow.run.engines.holder import LOCK_FILE
    from nbflow.store.live import is_held

    workspace = session.find(Path.cwd(), settings)
    if workspace.settings.engine == "none" or workspace.settings.engine.startswith("sc:"):
        raise UsageError("only an engine of nbflow's own can be held: spark, sail or auto", "name one with --engine")
    if (address := held(workspace)) is not None:
        raise UsageError(f"an engine is running already: {address.engine}, process {address.pid}", "'nbflow engine stop' ends it")
    if is_held(workspace.warm_folder / LOCK_FILE):
        raise UsageError("an engine is starting or ending", "'nbflow engine status' tells when it is there")
    make_folder(workspace)
    with (workspace.warm_folder / "holder.log").open("a", encoding="utf-8") as log:
        holder = start_holder(workspace, settings, minutes=minutes, stdout=subprocess.PIPE, stderr=log)
    with holder.stdin, holder.stdout as way_out:  # type: ignore[union-attr]  # both are pipes
        for line in way_out:
            told = json.loads(line)
            if "note" in told:
                stderr.line(one_line(told["note"], 1000))
            elif "ready" in told:
                stdout.line(f"engine {told['ready']['engine']} is running, process {told['ready']['pid']}; {_limit(minutes)}")
                return _serve(workspace) if connect else 0
            else:
                stderr.line(f"error: {told['error']}")
                if told.get("log"):
                    stderr.line(told["log"])
                return 1
    stderr.line(f"error: the engine ended without a word (exit code {holder.wait()}); see {workspace.warm_folder / 'holder.log'}")
    return 1


@command.command("prepare")
@common_options()
@click.pass_obj
def prepare(session: Session, /) -> int:
    """Fetch what a Spark driver needs, and make it start faster from now on.

    That is a class-data archive in the user's cache, some 200 MB, for this Java and this Spark; it takes about a minute. A warm
    engine makes it by itself when nobody uses it.
    """
    from nbflow.run.engines.archive import make_archive
    from nbflow.run.engines.parts import find_parts

    session.find()

    async def made() -> Path:
        return await make_archive(await find_parts(stderr.line))

    try:
        path = asyncio.run(made())
    except EngineError as error:
        stderr.line(f"error: {error}")
        if error.log:
            stderr.line(error.log)
        return 1
    stdout.line(f"drivers start with {path}, {path.stat().st_size // 1_000_000} MB")
    return 0


@command.command("address")
@common_options()
@click.pass_obj
def address(session: Session, /) -> int:
    """Print the address at which clients of Spark Connect reach the workspace's engine, with its token.

    Whoever has it may do on the engine what you may. Use it as SPARK_REMOTE="$(nbflow engine address)". Ends with 1 where no
    engine is running.
    """
    if (there := held(session.find(lenient=True))) is None:
        stderr.line("no engine is running; 'nbflow engine start' starts one")
        return 1
    told, why = asyncio.run(_asked(there, "remote"))
    if told is None:
        stderr.line(f"error: {why}")
        return 1
    stdout.line(str(told))
    return 0


def _serve(workspace: Workspace) -> int:
    there = held(workspace)
    told, why = (None, "it has ended") if there is None else asyncio.run(_asked(there, "remote"))
    if told is None:
        stderr.line(f"error: {why}")
        return 1
    stdout.line(f"clients of Spark Connect reach it at {engine_label(str(told))}; 'nbflow engine address' prints that with its token")
    return 0


@command.command("status")
@json_option
@common_options()
@click.pass_obj
def status(session: Session, /, as_json: bool) -> int:
    """Tell whether the workspace's engine is running, and who uses it. Ends with 1 where it is not."""
    workspace = session.find(lenient=True)
    address = held(workspace)
    use = None if address is None else asyncio.run(_asked(address, "status"))[0]
    if as_json:
        known = {} if address is None else {"engine": address.engine, "pid": address.pid, "since": address.since, **(use or {})}
        print_json({"version": DOCUMENT_VERSION, "running": address is not None, **known})
    elif address is None:
        stdout.line("no engine is running")
    else:
        rows = [
            ("engine", address.engine), ("process", str(address.pid)), ("since", address.since),
            *(_in_use(use) if use is not None else [("used by", "it does not answer")]),
            ("ends", "with its JupyterLab, and the last that uses it then" if address.of_lab else _limit(address.autotermination_minutes)),
        ]  # fmt: skip
        for line in columns(rows):
            stdout.line(line)
    return 0 if address is not None else 1


@command.command("stop")
@click.option("--force", is_flag=True, help="Also while runs use it: their attempts fail.")
@common_options()
@click.pass_obj
def stop(session: Session, /, force: bool) -> int:
    """End the workspace's engine."""
    from nbflow.run.engines.holder import LOCK_FILE
    from nbflow.store.live import is_held

    workspace = session.find(lenient=True)
    address = held(workspace)
    if address is None:
        stdout.line("no engine is running")
        return 0
    use = asyncio.run(_asked(address, "status"))[0] or {}
    if (use.get("guests") or use.get("labs")) and not force:
        raise UsageError(f"it is used by {_users(use)}", "--force ends it all the same")
    if not asyncio.run(_asked(address, "stop"))[0] and force and is_held(workspace.warm_folder / LOCK_FILE):
        with contextlib.suppress(OSError):
            os.kill(address.pid, signal.SIGKILL)  # its guard ends what it held
    deadline = time.monotonic() + _END_SECONDS
    while is_held(workspace.warm_folder / LOCK_FILE):
        if time.monotonic() > deadline:
            stderr.line(f"error: the engine did not end within {_END_SECONDS:g} s; its process is {address.pid}")
            return 1
        time.sleep(0.05)
    stdout.line("the engine has ended")
    return 0


async def _asked(address: WarmAddress, call: str) -> tuple[Any, str]:
    """What who holds the engine answers; ``None``, and why, where there is no answer."""
    from nbflow.run.engines.warm import WarmEngine

    engine = WarmEngine(address)
    try:
        return await engine.ask(call), ""
    except EngineError as error:
        return None, str(error)
    finally:
        await engine.stop()


def _in_use(use: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What is told of who uses an engine."""
    served = [("Spark Connect", f"{use['address']}, {_number(use['clients'], 'session', 'sessions')}")] if use.get("address") else []
    return [("used by", _users(use)), ("tasks at work", str(use["tasks"])), *served]


def _users(use: Mapping[str, Any]) -> str:
    words = (("guests", "run or notebook", "runs or notebooks"), ("labs", "JupyterLab", "JupyterLabs"))
    return " and ".join(_number(use[key], one, more) for key, one, more in words if use.get(key)) or "nobody"


def _number(number: int, one: str, more: str) -> str:
    return f"{number} {one if number == 1 else more}"


def _limit(minutes: float) -> str:
    return f"after {minutes:g} idle minutes" if minutes else "when it is stopped"
