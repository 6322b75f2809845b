"""Whether a task is tried again, and when."""

from __future__ import annotations

from nbflow.core.results import ErrorKind, Result, TaskError
from nbflow.plan.plan import PlannedTask


def retry_wait(task: PlannedTask, attempt: int, result: Result, error: TaskError | None, seconds: float) -> float | None:
    """Seconds to wait before the next attempt, or ``None`` when there is none.

    ``attempt`` counts from 1 and lasted ``seconds``. Databricks' rules: a retry follows FAILED, and TIMEDOUT only with
    ``retry_on_timeout``; ``max_retries`` -1 is for ever; ``min_retry_interval_millis`` counts from the start of the
    failed attempt. A parameter that does not fit will not fit better a second time.
    """
    wanted = result is Result.FAILED or (result is Result.TIMEDOUT and task.retry_on_timeout)
    if not wanted or (error is not None and error.kind is ErrorKind.PARAMETER):
        return None
    if task.max_retries != -1 and attempt > task.max_retries:
        return None
    return max(0.0, task.min_retry_interval_millis / 1000 - seconds)
