"""Control flow as its author means it: what a task asks of those before it, conditions, other pipelines, promises.

The fields bear Databricks' names where Databricks has them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Dependency:
    """One task that another depends on.

    ``outcome`` (``"true"`` or ``"false"``) is the branch of a condition. ``run_if`` (``SUCCESS``, ``FAILED`` or ``DONE``)
    is nbflow's own: what is asked of this one task; the dependent task's ``run_if`` is then about its other parents.
    """

    task_key: str
    outcome: str | None = None
    run_if: str | None = None

    @property
    def plain(self) -> bool:
        """Whether it asks nothing of its own."""
        return self.outcome is None and self.run_if is None


@dataclass(frozen=True, slots=True)
class ConditionTask:
    """A comparison of two operands, each a value or text with ``{{references}}``. It runs nothing; its outcome is
    ``"true"`` or ``"false"``."""

    op: str
    left: Any
    right: Any

    @property
    def key_values(self) -> Mapping[str, Any] | None:
        """None: what it compares stands in it."""
        return None

    @property
    def texts(self) -> Mapping[str, Any]:
        """The operands."""
        return {"left": self.left, "right": self.right}


@dataclass(frozen=True, slots=True)
class ForEachTask:
    """Tasks that are done once for each of ``inputs``: a list, JSON text of one, or text with a ``{{reference}}`` to one.

    ``tasks`` is Databricks' one task, or several that depend on one another; ``{{input}}`` in them is the item.
    ``concurrency`` is how many items are under way at a time.
    """

    inputs: Any
    tasks: Sequence[Any]  # of ``Task``, which is made from this
    concurrency: int = 1

    @property
    def key_values(self) -> Mapping[str, Any] | None:
        """None: the pipeline's parameters reach the tasks inside."""
        return None

    @property
    def texts(self) -> Mapping[str, Any]:
        """The inputs."""
        return {"inputs": self.inputs}


@dataclass(frozen=True, slots=True)
class RunJobTask:
    """Another pipeline of the workspace: by its name, or by the key of a job in the same bundle."""

    job_name: str = ""
    job_parameters: Mapping[str, Any] = field(default_factory=dict)
    job_key: str | None = None

    @property
    def label(self) -> str:
        """The pipeline as it was named."""
        return self.job_key if self.job_key is not None else self.job_name

    @property
    def key_values(self) -> Mapping[str, Any] | None:
        """The other pipeline's parameters."""
        return self.job_parameters

    @property
    def texts(self) -> Mapping[str, Any]:
        """None."""
        return {}


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a task promises: ``tables`` that each attempt writes, with the rows that each must hold afterwards at least, and
    the names of the task ``values`` that it sets."""

    tables: Mapping[str, int] = field(default_factory=dict)
    values: Sequence[str] = ()
