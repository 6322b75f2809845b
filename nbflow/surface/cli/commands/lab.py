"""``nbflow lab``: JupyterLab in the workspace, with a warm Spark engine that its notebooks attach to."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from nbflow.core.errors import StoreError, UsageError
from nbflow.surface.cli.options import common_options
from nbflow.surface.cli.session import Session
from nbflow.surface.cli.settings_options import settings_options
from nbflow.surface.cli.terminal import stderr, stdout
from nbflow.surface.cli.warm import held, is_between, is_held_at, make_folder, start_holder
from nbflow.surface.jupyter.beginning import ENGINE, FORMER
from nbflow.workspace import Workspace

_LAB = (
    "import sys; sys.path[:] = [part for part in sys.path if part]; sys.argv[0] = 'jupyter-lab'; "
    "from jupyterlab.labapp import main; sys.exit(main())"
)
"""``python -m jupyterlab``, but modules in the workspace do not hide those of the same name that JupyterLab needs."""

_STARTUP = Path(__file__).parents[2] / "jupyter" / "startup.py"
_BEGIN_SECONDS = 10.0


@click.command("lab", context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[ARGS]...")
@settings_options("engine", "driver_memory", "spark_conf", "python", "warehouse")
@common_options()
@click.pass_obj
def command(session: Session, /, arguments: tuple[str, ...], settings: dict[str, Any]) -> None:
    """Start JupyterLab in the workspace, and hold a warm Spark engine for its notebooks as long as it runs.

    In its kernels SparkSession.builder.getOrCreate() attaches to that engine, and %nbflow is there. A warm engine that is
    running already, also another JupyterLab's, is joined, and left running. ARGS are JupyterLab's own ('nbflow lab -- --help' lists them); signals and
    exit codes are its own too.
    """
    if importlib.util.find_spec("jupyterlab") is None:
        raise UsageError("JupyterLab is not installed here", f"'{sys.executable} -m pip install jupyterlab' brings it")
    workspace = session.find(Path.cwd(), settings)
    given = [os.path.abspath(argument) if _is_file(argument) else argument for argument in arguments]
    _hold_engine(workspace, settings)
    environment = {**os.environ, **_of_kernels(workspace, settings)}
    stdout.flush()
    stderr.flush()
    os.chdir(workspace.root)
    os.execve(sys.executable, [sys.executable, "-c", _LAB, *_root(given, workspace.root), *given], environment)  # noqa: S606  (no shell is wanted: JupyterLab takes this process over)


def _is_file(argument: str) -> bool:
    return not argument.startswith("-") and os.path.exists(argument)


def _root(given: Sequence[str], root: Path) -> list[str]:
    """JupyterLab's folder, where the caller does not name one."""
    named = any(argument.partition("=")[0] in ("--ServerApp.root_dir", "--notebook-dir") for argument in given)
    return [] if named else [f"--ServerApp.root_dir={root}"]


def _hold_engine(workspace: Workspace, settings: dict[str, Any]) -> None:
    """Join the workspace's warm engine, or start one that ends with this process: with what JupyterLab will be. Who is joined
    keeps the engine from ending."""
    name = workspace.settings.engine
    if name == "none" or name.startswith("sc:"):
        return
    address, between = held(workspace), is_between(workspace)
    try:
        make_folder(workspace)
    except StoreError as error:
        stderr.line(f"nbflow: no engine is held: {error}")  # notebooks can be read all the same
        return
    holder = start_holder(workspace, settings, bound=True, stdout=subprocess.DEVNULL, stderr=None)
    if holder.stdin is not None:
        os.set_inheritable(holder.stdin.fileno(), True)  # what closes it is the end of JupyterLab, however that comes
    deadline = time.monotonic() + _BEGIN_SECONDS
    while holder.poll() is None and not is_held_at(workspace) and time.monotonic() < deadline:
        time.sleep(0.02)  # so that a kernel which comes first waits for the engine, and starts none of its own
    if address is not None:
        stderr.line(f"nbflow: joins the engine {address.engine} that is running, process {address.pid}")
    elif between:
        stderr.line("nbflow: joins the engine that is starting")
    else:
        stderr.line(f"nbflow: JupyterLab in {workspace.root}; engine {name} starts meanwhile, and ends with it")


def _of_kernels(workspace: Workspace, settings: dict[str, Any]) -> dict[str, str]:
    """Variables by which kernels find the workspace, have the settings of this call, and begin as nbflow wants it."""
    said = {f"NBFLOW_{name.upper()}": value if isinstance(value, str) else json.dumps(value) for name, value in settings.items()}
    if "python" in settings and workspace.settings.python is not None:
        said["NBFLOW_PYTHON"] = workspace.settings.python  # a path from here
    own = os.environ.get("PYTHONSTARTUP")
    if own and own != str(_STARTUP):
        said[FORMER] = own
    return {**said, ENGINE: workspace.settings.engine, "NBFLOW_WORKSPACE": str(workspace.root), "PYTHONSTARTUP": str(_STARTUP)}
