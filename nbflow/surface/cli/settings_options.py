"""The workspace's settings as options of a command: one for each that ``define.settings`` knows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from nbflow.core.call_options import name_and_value
from nbflow.define.settings import NAMES

_Function = TypeVar("_Function", bound=Callable[..., Any])

_HELP = {
    "engine": ("NAME", "Spark engine: spark, sail, auto, sc://host:port, or none where notebooks make their own session."),
    "parallel": ("N", "How many tasks run at once; the number of cores where not said."),
    "kernel": ("NAME", "Jupyter kernel for all tasks, instead of the notebooks' own."),
    "kernel_start": ("WAY", "How Python kernels start: fork, from one process that has done their imports; or spawn, each by itself."),
    "python": ("PATH", "Interpreter of python3 kernels; the one of nbflow where not said."),
    "start_timeout_seconds": ("SECONDS", "How long a kernel may take to start."),
    "cell_timeout_seconds": ("SECONDS", "How long each cell may take; 0: no limit."),
    "grace_seconds": ("SECONDS", "How long an interrupted kernel may take to end before it is killed."),
    "output_limit_bytes": ("N", "How much is kept of what one cell prints."),
    "max_value_bytes": ("N", "How large a task value may be as JSON."),
    "warehouse": ("DIR", "Folder of the tables, from the workspace's root."),
    "runs": ("DIR", "Folder of executed notebooks, from the workspace's root."),
    "driver_memory": ("SIZE", "Heap of the Spark driver, as 2g; a quarter of what the machine has where not said."),
    "catalogs": ("NAMES", "Catalogs that mean the workspace's own, as main,dev: main.bronze.events is bronze.events."),
    "spark_remote": ("BOOL", "Whether kernels of other languages get SPARK_REMOTE, a Spark Connect address of the run's Spark."),
    "spark_conf": ("NAME=VALUE", "A setting of Spark; may be repeated, and replaces the file's."),
}


def settings_options(*names: str) -> Callable[[_Function], _Function]:
    """An option for each setting (those ``names``, or all). What is given arrives as the dict ``settings``, as text."""
    chosen = [name for name in NAMES if name in (names or _HELP)]

    def decorate(function: _Function) -> _Function:
        for name in reversed(chosen):
            function = _option(name)(function)
        return function

    return decorate


def _option(name: str) -> Callable[[_Function], _Function]:
    def take(ctx: click.Context, _: click.Parameter, value: Any) -> None:
        settings = ctx.params.setdefault("settings", {})
        if value not in (None, ()):
            settings[name] = _pairs(value) if name == "spark_conf" else value

    metavar, text = _HELP[name]
    return click.option(
        f"--{name.replace('_', '-')}",
        metavar=metavar,
        help=text,
        expose_value=False,
        callback=take,
        multiple=name == "spark_conf",
    )


def _pairs(texts: tuple[str, ...]) -> dict[str, str]:
    try:
        return dict(map(name_and_value, texts))
    except ValueError as error:
        raise click.BadParameter(f"{error}; write --spark-conf name=value") from None
