"""Signals to the groups of processes."""

from __future__ import annotations

import subprocess
import sys


def test_a_process_that_was_never_there_is_not_whoever_asks() -> None:
    """To the system the number 0 is the asker's own group, which would die by it."""
    code = "from nbflow.run.processes import end_group; end_group(0); print('alive')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, start_new_session=True)
    assert (done.returncode, done.stdout) == (0, "alive\n")
