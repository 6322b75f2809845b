"""What all tests share."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import settings

settings.register_profile("nbflow", deadline=None)  # a time limit on each example would be a timed test
settings.load_profile("nbflow")

NO_SKIP = "NBFLOW_TEST_NO_SKIP"
"""The variable with which a test that is skipped fails: for machines that are to have all that the tests need."""
_Report = TypeVar("_Report", pytest.TestReport, pytest.CollectReport)


def pytest_configure(config: pytest.Config) -> None:
    """Signals as at a terminal: who starts the tests in the background, or by nohup, has them ignored, by all children too.

    Who names no test leaves out the long ones.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    if config.args_source is pytest.Config.ArgsSource.TESTPATHS and not config.option.markexpr:
        config.option.markexpr = "not long"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that was skipped."""
    return _held((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """A file that was skipped."""
    return _held((yield))


def _held(report: _Report) -> _Report:
    """The report of a skip as one of a failure, where nothing may be skipped; what is expected to fail is no skip."""
    if report.skipped and os.environ.get(NO_SKIP) and not hasattr(report, "wasxfail"):
        why = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        report.outcome, report.longrepr = "failed", f"{NO_SKIP} is set, and this was to be skipped: {why}"
    return report


@pytest.fixture(scope="session", autouse=True)
def bash_kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A kernel named ``bash`` for this test run and its child processes: its wheel installs the program, not the kernelspec."""
    folder = tmp_path_factory.mktemp("jupyter")
    spec = folder / "kernels" / "bash" / "kernel.json"
    spec.parent.mkdir(parents=True)
    argv = [sys.executable, "-m", "bash_kernel", "-f", "{connection_file}"]
    Path(spec).write_text(json.dumps({"argv": argv, "display_name": "Bash", "language": "bash", "env": {"PS1": "$"}}), "utf-8")
    before = os.environ.get("JUPYTER_PATH")
    os.environ["JUPYTER_PATH"] = os.pathsep.join(filter(None, [str(folder), before]))
    yield
    os.environ.pop("JUPYTER_PATH") if before is None else os.environ.update(JUPYTER_PATH=before)
