"""Measures nbflow against papermill on the same notebooks, in one run, as ratios; ``python tests/bench/against_papermill.py``.

Figures of a shared machine mean little by themselves; the ratio of two commands that took turns means something.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

ROUNDS = 5


def notebook(path: Path, sources: Sequence[str]) -> None:
    """A notebook with these cells."""
    cells = [
        {"cell_type": "code", "id": f"c{n}", "metadata": {}, "source": source, "outputs": [], "execution_count": None}
        for n, source in enumerate(sources)
    ]
    spec = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    path.write_text(json.dumps({"cells": cells, "metadata": spec, "nbformat": 4, "nbformat_minor": 5}))


def seconds(command: Sequence[str], folder: Path) -> float:
    """How long a command takes as a whole process."""
    began = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return time.perf_counter() - began


def main() -> None:
    """Print medians and ratios."""
    cases = {
        "five small cells": ["x = 1", "print(x)", "y = x + 1", "print(y)", "y"],
        "300 small cells": [f"print({n})" for n in range(300)],
        "20,000 flushed prints": ["for n in range(20_000): print(n, flush=n % 10 == 0)"],
    }
    for name, sources in cases.items():
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            notebook(folder / "n.ipynb", sources)
            ours, theirs = [], []
            for _ in range(ROUNDS):
                theirs.append(seconds([sys.executable, "-m", "papermill", "n.ipynb", "o.ipynb", "--no-progress-bar"], folder))
                ours.append(seconds([sys.executable, "-m", "nbflow", "run", "n.ipynb", "-q"], folder))
        one, other = statistics.median(ours), statistics.median(theirs)
        print(f"{name}: nbflow {one:.2f} s, papermill {other:.2f} s, ratio {other / one:.1f}")


if __name__ == "__main__":
    main()
