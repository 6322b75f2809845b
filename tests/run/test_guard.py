"""What is left when nbflow is killed: the guard's work, done by a real one."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

OWNER = """
import os, signal, sys
from pathlib import Path
from nbflow.run.guard import Guard

place = Path(sys.argv[1])
with Guard() as guard:
    (guard.folder / "file").touch()
    guard.remove(place / "folder", place / "file", place / "never there")
    for name in ("done", "open"):
        guard.later(name, [sys.executable, "-c", "import pathlib, sys; pathlib.Path(sys.argv[1]).write_text(sys.stdin.read())", str(place / name)], f"of {name}")
    guard.forget("done")
    print(guard.folder, flush=True)
    if sys.argv[2] == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_was_told_to_the_guard_is_done_when_its_owner_is_killed(tmp_path: Path) -> None:
    """Files and folders go, what was left to do is done with its input, and what is forgotten is not."""
    (tmp_path / "folder" / "inner").mkdir(parents=True)
    (tmp_path / "file").touch()
    owner = subprocess.run([sys.executable, "-c", OWNER, str(tmp_path), "killed"], capture_output=True, text=True, check=False)
    assert owner.returncode == -9, owner.stderr
    folder = Path(owner.stdout.strip())
    deadline = time.monotonic() + 30
    while folder.exists() or (tmp_path / "file").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"open": "of open"}
