"""Runs of a workspace whose tasks are programs: what holds besides what its parts promise."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from nbflow.core.errors import StoreError
from nbflow.core.results import ExitCode, Result
from nbflow.define.pipelines.flow import RunJobTask
from nbflow.plan.plan import Plan
from nbflow.workspace import Workspace


class _Slow(Workspace):
    """A workspace in which the plan of another pipeline takes as long as it takes to cancel the run that asks for it."""

    heard = False

    def child_plan(self, parent: Plan, job: RunJobTask, values: Mapping[str, Any]) -> Plan:
        """The plan, when the request was taken notice of, or half a minute is over."""
        self.store.request(1, "cancel", "somebody")
        end = time.monotonic() + 30
        while time.monotonic() < end and not self.heard:
            time.sleep(0.05)
            self.heard = all(request.acknowledged_at for request in self.store.requests(1))
        return super().child_plan(parent, job, values)


def test_a_run_hears_what_is_asked_of_it_while_another_pipeline_is_planned(tmp_path: Path) -> None:
    """However long that takes; the other one is then not begun in earnest."""
    (tmp_path / "pipelines").mkdir()
    (tmp_path / "pipelines/other.yml").write_text("tasks: [{task_key: a, command: touch ran}]\n")
    (tmp_path / "pipelines/p.yml").write_text("tasks: [{task_key: t, run_job_task: {job_name: other}}]\n")
    workspace = _Slow.find(tmp_path)
    record, code = workspace.run(workspace.plan("p", {}, tmp_path))
    assert workspace.heard
    assert (record.result, code) == (Result.CANCELED, ExitCode.CANCELED)
    assert not (tmp_path / "pipelines/ran").exists()


class _Full(Workspace):
    """A workspace whose disk is full as soon as a task has begun."""

    @property
    def store(self) -> Any:
        """The store, which cannot keep what it owes then."""
        store = super().store
        store.settle = lambda: _fails(self.root / "pipelines/begun")
        return store


def _fails(begun: Path) -> None:
    if begun.exists():
        msg = "no space left on the device"
        raise StoreError(msg)


def test_tasks_end_before_a_run_whose_records_fail(tmp_path: Path) -> None:
    """It gives the error, and leaves no program behind."""
    (tmp_path / "pipelines").mkdir()
    (tmp_path / "pipelines/p.yml").write_text("tasks: [{task_key: t, command: 'echo $$ > begun; sleep 60; touch ended'}]\n")
    workspace = _Full.find(tmp_path)
    with pytest.raises(StoreError, match="no space left"):
        workspace.run(workspace.plan("p", {}, tmp_path))
    assert not (tmp_path / "pipelines/ended").exists()
    assert not Path("/proc", (tmp_path / "pipelines/begun").read_text().strip()).exists()
