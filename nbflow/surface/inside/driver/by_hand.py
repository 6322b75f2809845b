"""A Spark driver for a notebook that a person runs by hand, outside of any run."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from nbflow.core.errors import EngineError
from nbflow.core.exchange import SparkAddress
from nbflow.core.results import ErrorKind

_kept: list[subprocess.Popen[str]] = []
"""The process that holds the driver; it ends when this process does, because its standard input closes."""


def start_driver() -> SparkAddress:
    """Start a driver for this process and return its address. Raises ``EngineError``."""
    process = subprocess.Popen(
        [sys.executable, "-m", "nbflow.surface.cli.hold_driver", os.getcwd()],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True,
        cwd="/",  # Python looks for modules there first: not among those beside the notebook
    )  # fmt: skip
    line = process.stdout.readline() if process.stdout is not None else ""
    try:
        answer = json.loads(line)
    except ValueError:
        answer = {"error": "it ended without a word"}
    if "error" in answer:
        process.wait()
        raise EngineError(ErrorKind.ENGINE_START, f"no Spark driver could be started: {answer['error']}")
    _kept.append(process)
    return SparkAddress(**answer)
