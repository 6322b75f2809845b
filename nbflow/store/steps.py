"""The steps of a for_each: tasks that a run gets when it knows the items; and what tasks set in earlier runs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from nbflow.store.database import Database, storable
from nbflow.store.moments import from_json, to_json

if TYPE_CHECKING:
    from nbflow.plan.plan import Stored


def add_steps(database: Database, parent_id: int, steps: Iterable[tuple[str, int, Any]]) -> dict[str, int]:
    """Record tasks of a for_each, whose task run is ``parent_id``: key, index and item of each. Their ids by their keys."""
    with database.transaction(durable=False):
        return {
            key: database.execute("insert_step", parent_id=parent_id, task_key=storable(key), item_index=index, input=to_json(item))
            for key, index, item in steps
        }


def last_values(database: Database, pipeline: str, keys: Iterable[str], *, of_file: bool, bundle_job: str | None) -> dict[str, Stored]:
    """What each of the pipeline's tasks ``keys`` that was ever done has left; see ``Store.last_values``."""
    from nbflow.plan.plan import Stored

    found = {}
    for key in keys:
        asked = {"pipeline": storable(pipeline), "task_key": storable(key), "of_file": of_file, "bundle_job": storable(bundle_job)}
        latest, excluded = database.row("last_values", **asked, well=False), database.row("last_exclusion", **asked)
        if excluded is not None and (latest is None or latest["run_id"] < excluded["run_id"]):
            found[key] = Stored(excluded["run_id"], {}, "EXCLUDED", excluded["task_run_id"])
        elif latest is not None:
            row = database.row("last_values", **asked, well=True) or latest
            output = {} if row["output"] is None else from_json(row["output"])
            values = from_json(row["task_values"])
            found[key] = Stored(row["run_id"], values, row["result"] or "", row["task_run_id"], output, row["number"])
    return found
