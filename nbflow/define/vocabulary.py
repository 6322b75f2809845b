"""The words of a pipeline file: every key of a Databricks job, what it is, and what it does here.

The reader and the JSON Schema are both made from these tables.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Standing(Enum):
    """What nbflow does with a key."""

    DONE = "has its effect"
    IDLE = "is known to Databricks and has no effect here"
    REFUSED = "changes what a job means, and cannot be run here"


@dataclass(frozen=True, slots=True)
class Key:
    """One key: its kinds (``text``, ``number``, ``integer``, ``boolean``, ``list``, ``map``, ``any``, or an object of this
    table), its standing, one line about it, and values that are harmless although the key is refused."""

    kinds: tuple[str, ...]
    doc: str
    standing: Standing = Standing.DONE
    harmless: tuple[object, ...] = ()


def _done(kinds: str, doc: str) -> Key:
    return Key(tuple(kinds.split("|")), doc)


def _idle(doc: str, kinds: str = "any") -> Key:
    return Key(tuple(kinds.split("|")), doc, Standing.IDLE)


def _refused(doc: str, *harmless: object) -> Key:
    return Key(("any",), doc, Standing.REFUSED, harmless)


_NOTIFICATIONS = {
    "email_notifications": _idle("Addresses that are written to."),
    "webhook_notifications": _idle("Destinations that are called."),
    "notification_settings": _idle("When notifications are left out."),
    "health": _idle("Rules that warn about long runs."),
}

JOB: dict[str, Key] = {
    "name": _done("text", "The pipeline's name; by default the file's, or the key of the job in a bundle."),
    "description": _done("text", "What the pipeline is for."),
    "parameters": _done(
        "parameter_list|parameter_map",
        "Parameters of the pipeline: a list of {name, default}, or a map of names to defaults. They reach every notebook "
        "that declares their name, over the task's own value.",
    ),
    "tasks": _done("task_list", "The tasks."),
    "timeout_seconds": _done("number", "The run's time limit in seconds; 0 is none."),
    **_NOTIFICATIONS,
    "schedule": _idle("A cron line; runs are started by hand here."),
    "trigger": _idle("What starts a run."),
    "triggers": _idle("What starts a run."),
    "continuous": _idle("Keeps one run going."),
    "max_concurrent_runs": _idle("How many runs may be active."),
    "queue": _idle("Whether runs over the limit wait."),
    "tags": _idle("Labels."),
    "run_as": _idle("Whose rights the job has."),
    "permissions": _idle("Who may do what with the job."),
    "access_control_list": _idle("Who may do what with the job."),
    "git_source": _refused("Where the sources come from; here they stand beside the pipeline file."),
    "job_clusters": _idle("Clusters that tasks share."),
    "environments": _idle("Environments of serverless tasks."),
    "environment_variables": _refused("Variables for the tasks' environment."),
    "performance_target": _idle("Speed against cost."),
    "budget_policy_id": _idle("Who pays."),
    "usage_policy_id": _idle("Who pays."),
    "edit_mode": _idle("Who may edit the job on Databricks."),
    "deployment": _idle("How the job was deployed."),
    "format": _idle("The job's format on Databricks."),
    "parent_path": _idle("The job's folder on Databricks."),
    "lifecycle": _idle("Whether the bundle may delete the job."),
    "job_id": _idle("The job's id on Databricks."),
}

TASK: dict[str, Key] = {
    "task_key": _done("text", "The task's name: letters, digits, _ and -; at most 100."),
    "description": _done("text", "What the task does."),
    "depends_on": _done("dependency_list|text", "What must end well before: a list of task keys, or of {task_key}."),
    "notebook_task": _done("notebook_task", "The notebook to run, in Databricks' form."),
    "notebook": _done("text", "Short for notebook_task.notebook_path."),
    "parameters": _done("map", "Short for notebook_task.base_parameters: names and values for the notebook."),
    "kernel": _done("text", "The Jupyter kernel, instead of the notebook's own."),
    "max_retries": _done("integer", "How often a failed attempt is tried again; -1 is for ever."),
    "min_retry_interval_millis": _done("integer", "From the start of a failed attempt to the start of the next."),
    "retry_on_timeout": _done("boolean", "Whether an attempt over its time limit is tried again."),
    "timeout_seconds": _done("number", "The time limit of each attempt in seconds; 0 is none."),
    "cell_timeout_seconds": _done("number", "The time limit of each cell in seconds; 0 is none."),
    **_NOTIFICATIONS,
    "run_if": _refused("When a task runs although others failed; only ALL_SUCCESS can be run.", "ALL_SUCCESS"),
    "disabled": _refused("Whether the task is left out.", False),
    "new_cluster": _idle("A cluster of the task's own."),
    "existing_cluster_id": _idle("The cluster to use."),
    "job_cluster_key": _idle("The shared cluster to use."),
    "environment_key": _idle("The serverless environment to use."),
    "environment_variables_key": _refused("Variables for the task's environment."),
    "libraries": _idle("Packages installed on the cluster; here they belong to the environment."),
    "compute": _idle("Hardware to use."),
    "disable_auto_optimization": _idle("Whether the serverless service tries again by itself."),
    **{
        kind: _refused("Another kind of task; only notebooks can be run.")
        for kind in (
            "spark_python_task", "python_wheel_task", "spark_jar_task", "spark_submit_task", "sql_task", "alert_task",
            "dashboard_task", "dbt_task", "dbt_cloud_task", "dbt_platform_task", "pipeline_task", "run_job_task",
            "condition_task", "for_each_task", "clean_rooms_notebook_task", "power_bi_task", "ai_runtime_task",
            "gen_ai_compute_task", "python_operator_task", "agentic_task", "genie_task",
        )
    },
}  # fmt: skip

NOTEBOOK_TASK: dict[str, Key] = {
    "notebook_path": _done("text", "The notebook, from this file's folder; /x starts at the workspace; the extension may be left out."),
    "base_parameters": _done("map", "Names and values for the notebook's parameters."),
    "source": _refused("Where the notebook comes from.", "WORKSPACE"),
    "warehouse_id": _refused("A SQL warehouse."),
}

DEPENDENCY: dict[str, Key] = {
    "task_key": _done("text", "The task that must end well before."),
    "outcome": _refused("The branch of a condition task."),
}

PARAMETER: dict[str, Key] = {
    "name": _done("text", "The parameter's name: letters, digits, _, - and dots."),
    "default": _done("any", "Its value where the caller gives none."),
}

RESOURCES: dict[str, Key] = {"jobs": _done("job_map", "Jobs by their keys.")}

BUNDLE: dict[str, Key] = {
    "resources": _done("resources", "What the bundle deploys."),
    "bundle": _idle("The bundle's name."),
    "include": _idle("More files of the bundle."),
    "variables": _idle("The bundle's variables."),
    "targets": _idle("The bundle's targets."),
    "workspace": _idle("The Databricks workspace."),
    "sync": _idle("Which files are uploaded."),
    "artifacts": _idle("What is built."),
    "permissions": _idle("Who may do what."),
    "presets": _idle("Defaults of the bundle."),
    "run_as": _idle("Whose rights the bundle has."),
    "experimental": _idle("Experimental settings."),
    "scripts": _idle("Scripts of the bundle."),
    "python": _idle("Python definitions."),
}

OBJECTS: dict[str, dict[str, Key]] = {
    "job": JOB,
    "task": TASK,
    "notebook_task": NOTEBOOK_TASK,
    "dependency": DEPENDENCY,
    "parameter": PARAMETER,
    "resources": RESOURCES,
    "bundle": BUNDLE,
}

REQUIRED: dict[str, tuple[str, ...]] = {
    "job": ("tasks",),
    "task": ("task_key",),
    "notebook_task": ("notebook_path",),
    "dependency": ("task_key",),
    "parameter": ("name", "default"),
    "bundle": ("resources",),
    "resources": ("jobs",),
}
