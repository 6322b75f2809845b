"""What one item of a for_each costs, beside the process that it may start: of few items and of many the same.

``python -m tests.bench.items_of_a_for_each [ITEMS …]``; prints milliseconds by the clock and of the processor for each item, of a condition, which starts
nothing, and of a command that does nothing. At most 5 ms beside the process are wanted.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from nbflow.surface.cli.board import Board
from nbflow.surface.cli.progress import Lines
from nbflow.surface.cli.terminal import Out
from nbflow.workspace import Workspace

WORK = {"condition": 'condition_task: {op: EQUAL_TO, left: "{{input}}", right: "1"}', "command": 'command: "true"'}
PIPELINE = """
tasks:
  - task_key: loop
    for_each_task: {{inputs: "{{{{job.parameters.n}}}}", concurrency: 2, task: {{task_key: one, {work}}}}}
parameters: {{n: "[]"}}
"""
SPAWNS = 200


def seconds_of(root: Path, name: str, count: int) -> tuple[float, float]:
    """Seconds by the clock, and of the processor with that of processes, of a run with so many items."""
    workspace = Workspace.find(root)
    plan = workspace.plan(name, {"n": str(list(range(count)))}, root)
    began, used = time.monotonic(), os.times()
    with Lines(Out(io.StringIO()), Board(spark_used=False)) as progress:
        workspace.run(plan, [progress])
    now = os.times()
    workspace.store.close()
    return time.monotonic() - began, sum(now[:4]) - sum(used[:4])


def main() -> None:
    counts = [int(text) for text in sys.argv[1:]] or [200, 2000]
    began = time.monotonic()
    for _ in range(SPAWNS):
        subprocess.run(["sh", "-c", "true"], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, start_new_session=True)
    print(f"a process alone: {(time.monotonic() - began) / SPAWNS * 1000:.1f} ms")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "pipelines").mkdir()
        for name, work in WORK.items():
            (root / "pipelines" / f"{name}.yml").write_text(PIPELINE.format(work=work))
            empty = seconds_of(root, name, 0)
            for count in counts:
                wall, cpu = (took - none for took, none in zip(seconds_of(root, name, count), empty))
                print(f"{name}: {count} items, {wall / count * 1000:.1f} ms each, {cpu / count * 1000:.1f} ms of the processor")


if __name__ == "__main__":
    main()
