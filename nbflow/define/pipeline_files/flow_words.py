"""The words of control flow in a pipeline file."""

from __future__ import annotations

from nbflow.define.pipeline_files.words import Key, done, refused

DEPENDENCY: dict[str, Key] = {
    "task_key": done("task_key", "The task that must end before."),
    "outcome": done("outcome", "The branch of a condition task."),
    "run_if": done("parent_if", "What this one task must come to: SUCCESS, FAILED or DONE; nbflow's own."),
}

CONDITION_TASK: dict[str, Key] = {
    "op": done("operator", "EQUAL_TO and NOT_EQUAL compare text, the others numbers."),
    "left": done("operand", "The left operand; {{references}} in it are replaced."),
    "right": done("operand", "The right operand; {{references}} in it are replaced."),
}

FOR_EACH_TASK: dict[str, Key] = {
    "inputs": done("text|list", "The items: a list, JSON text of one, or a {{reference}} to one."),
    "task": done("task", "The task that is done for each item; {{input}} in it is the item."),
    "tasks": done("task_list", "Several tasks that are done for each item, instead of one; nbflow's own."),
    "concurrency": done("concurrency", "How many items are under way at a time; 1 by default."),
}

_OLD_PARAMETERS = (
    "notebook_params", "python_params", "python_named_params", "jar_params", "sql_params", "dbt_commands", "spark_submit_params",
    "pipeline_params",
)  # fmt: skip

RUN_JOB_TASK: dict[str, Key] = {
    "job_name": done("text", "The pipeline: a name in pipelines/, or a path from this file's folder; nbflow's own."),
    "job_id": done("any", "A job of the same bundle: ${resources.jobs.<key>.id}."),
    "job_parameters": done("map", "Names and values for the pipeline's parameters."),
    **{name: refused("Parameters in an older form.", "write job_parameters") for name in _OLD_PARAMETERS},
}

EXPECT: dict[str, Key] = {
    "tables": done("name_list|map", "Tables that each attempt writes: a list of names, or a map of names to the rows they hold at least."),
    "values": done("name_list", "Task values that each attempt sets."),
}
