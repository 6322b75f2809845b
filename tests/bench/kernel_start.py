"""Measures kernels that are forked against kernels that start by themselves, in one run, as ratios: ``python tests/bench/kernel_start.py``.

Start to first reply, five small cells with their kernel's start and end, a first cell that imports pandas; then 100 tasks of a run,
both ways and against papermill's command line, which takes them one after another. Figures of a shared machine mean
little by themselves; the ratio of two ways that took turns means something.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

from nbflow.run.cells import CellLoop, Limits
from nbflow.run.kernels.forks import Forks
from nbflow.run.kernels.kernel import Kernel, KernelSpec
from nbflow.run.stop import Stop

ROUNDS = 15
TASKS = 100
PAPERMILL_TASKS = 10
CELLS = ("x = 1", "print(x)", "y = x + 1", "print(y)", "y")


class Nobody:
    """Watches and tells nothing."""

    def __getattr__(self, name: str) -> Any:
        return lambda *_: None


def code(source: str) -> dict[str, Any]:
    """A cell."""
    return {"cell_type": "code", "id": uuid.uuid4().hex[:8], "metadata": {}, "source": source, "outputs": [], "execution_count": None}


async def one(folder: Path, forks: Forks | None, sources: tuple[str, ...], preload: tuple[str, ...]) -> tuple[float, float]:
    """Seconds until a kernel answers, and until it has run the cells and is gone."""
    private = Path(tempfile.mkdtemp(prefix="nbflow-bench-", dir="/tmp"))
    began = time.perf_counter()
    kernel = await Kernel.start(KernelSpec("python3", folder, private, uuid.uuid4().hex, preload=preload), forks)
    started = time.perf_counter()
    await CellLoop({"cells": [code(source) for source in sources], "metadata": {}}, kernel, Limits(), Nobody(), Stop()).run()
    await kernel.end()
    return started - began, time.perf_counter() - began


async def kernels(folder: Path) -> None:
    """Both ways, taking turns."""
    forks = Forks(uuid.uuid4().hex, folder, None)
    cases = {"five small cells": (CELLS, ()), "import pandas": (("import pandas",), ("pandas",))}
    forks.begin(("pandas",))
    await one(folder, forks, CELLS, ("pandas",))
    try:
        for name, (sources, preload) in cases.items():
            times: dict[bool, list[tuple[float, float]]] = {True: [], False: []}
            for _ in range(ROUNDS):
                for forked in (True, False):
                    times[forked].append(await one(folder, forks if forked else None, sources, preload))
            for place, what in enumerate(("to the first reply", "whole")):
                ours, theirs = (statistics.median(pair[place] for pair in times[forked]) for forked in (True, False))
                print(f"{name}, {what}: forked {1000 * ours:.0f} ms, by itself {1000 * theirs:.0f} ms, ratio {theirs / ours:.1f}")
    finally:
        forks.end()


def run_of_tasks(folder: Path) -> None:
    """A run of 100 tasks in ten layers, both ways; papermill on the same notebook."""
    notebook = {
        "cells": [code(source) for source in CELLS],
        "metadata": {"kernelspec": {"name": "python3", "display_name": "", "language": "python"}},
    }
    (folder / "n.ipynb").write_text(json.dumps({**notebook, "nbformat": 4, "nbformat_minor": 5}))
    tasks = []
    for number in range(TASKS):
        above = [f"t{10 * (number // 10 - 1) + (number + step) % 10}" for step in (0, 1)] if number >= 10 else []
        tasks.append({"task_key": f"t{number}", "notebook": "n.ipynb", "depends_on": above})
    (folder / "p.yml").write_text(json.dumps({"name": "p", "tasks": tasks}))
    seconds = {}
    for way in ("fork", "spawn"):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-m", "nbflow", "run", "p.yml", "-q", "--kernel-start", way], cwd=folder, check=True)
        seconds[way] = time.perf_counter() - began
    began = time.perf_counter()
    for _ in range(PAPERMILL_TASKS):
        subprocess.run(
            [sys.executable, "-m", "papermill", "n.ipynb", "o.ipynb", "--no-progress-bar"], cwd=folder, check=True, capture_output=True
        )
    papermill = (time.perf_counter() - began) / PAPERMILL_TASKS
    for way, whole in seconds.items():
        print(
            f"{TASKS} tasks, {way}: {whole:.1f} s, {TASKS / whole:.1f} a second; papermill {1 / papermill:.2f} a second, ratio {papermill * TASKS / whole:.1f}"
        )


def main() -> None:
    """Print medians and ratios."""
    with tempfile.TemporaryDirectory() as place:
        asyncio.run(kernels(Path(place)))
        run_of_tasks(Path(place))


if __name__ == "__main__":
    main()
