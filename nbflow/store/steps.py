"""The steps of a for_each: tasks that a run gets when it knows the items; and what tasks set in earlier runs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from nbflow.store.database import Database, storable
from nbflow.store.moments import from_json, to_json


def add_steps(database: Database, parent_id: int, steps: Iterable[tuple[str, int, Any]]) -> dict[str, int]:
    """Record tasks of a for_each, whose task run is ``parent_id``: key, index and item of each. Their ids by their keys."""
    with database.transaction(durable=False):
        return {
            key: database.execute("insert_step", parent_id=parent_id, task_key=storable(key), item_index=index, input=to_json(item))
            for key, index, item in steps
        }


def last_values(database: Database, pipeline: str, keys: Iterable[str]) -> dict[str, tuple[int, dict[str, Any], str, int, dict[str, Any]]]:
    """The run, the task values, the result, the task run and the output of SQL of each of the pipeline's tasks ``keys`` that was ever
    done: of its newest success, or of its newest end where it never had one."""
    found = {}
    for key in keys:
        row = database.row("last_values", pipeline=storable(pipeline), task_key=storable(key))
        if row is not None:
            output = {} if row["output"] is None else from_json(row["output"])
            found[key] = (row["run_id"], from_json(row["task_values"]), row["result"] or "", row["task_run_id"], output)
    return found
