"""The words of a pipeline file: every key of a Databricks job, what it is, and what it does here.

The reader and the JSON Schema are both made from these tables.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

HOLDERS = re.compile(r"^(x-|\.)|^definitions$")
"""Keys of a file's root that are the author's own, for what YAML anchors share."""


class Standing(Enum):
    """What nbflow does with a key."""

    DONE = "has its effect"
    IDLE = "is known to Databricks and has no effect here"
    REFUSED = "changes what a job means, and cannot be run here"


@dataclass(frozen=True, slots=True)
class Key:
    """One key: its kinds (names of ``kinds.KINDS``), one line about it, and its standing.

    Where the key is refused, ``harmless`` are the values that can be had all the same, and ``instead`` says what to do.
    """

    kinds: tuple[str, ...]
    doc: str
    standing: Standing = Standing.DONE
    harmless: tuple[object, ...] = ()
    instead: str = ""


def _done(kinds: str, doc: str) -> Key:
    return Key(tuple(kinds.split("|")), doc)


def _idle(doc: str) -> Key:
    return Key(("any",), doc, Standing.IDLE)


def _refused(doc: str, instead: str, *harmless: object) -> Key:
    return Key(("any",), doc, Standing.REFUSED, harmless, instead)


_NOTIFICATIONS = {
    "email_notifications": _idle("Addresses that are written to."),
    "webhook_notifications": _idle("Destinations that are called."),
    "notification_settings": _idle("When notifications are left out."),
    "health": _idle("Rules that warn about long runs."),
}

JOB: dict[str, Key] = {
    "name": _done("text", "The pipeline's name; by default the file's, or the key of the job in a bundle."),
    "description": _done("prose", "What the pipeline is for."),
    "parameters": _done(
        "parameter_list|parameter_map",
        "Parameters of the pipeline: a list of {name, default}, or a map of names to defaults. They reach every notebook "
        "that declares their name, over the task's own value.",
    ),
    "tasks": _done("task_list", "The tasks."),
    "timeout_seconds": _done("seconds", "The run's time limit in seconds; 0 is none."),
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
    "git_source": _refused(
        "Where the sources come from.", "the sources stand beside the pipeline file: check them out there and remove the key"
    ),
    "engine": _done("engine", "The Spark engine: spark, sail, auto, none, or sc://host:port; otherwise as the settings say."),
    "job_clusters": _done("job_cluster_list", "Clusters that tasks name by job_cluster_key: an engine with settings of Spark."),
    "environments": _idle("Environments of serverless tasks."),
    "environment_variables": _refused("Variables for the tasks' environment.", "set them in the shell that starts the run"),
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
    "task_key": _done("task_key", "The task's name: letters, digits, _ and -; at most 100."),
    "description": _done("prose", "What the task does."),
    "depends_on": _done("dependency_list|task_key", "What must end well before: a list of task keys, or of {task_key}."),
    "notebook_task": _done("notebook_task", "The notebook to run, in Databricks' form."),
    "notebook": _done("text", "Short for notebook_task.notebook_path."),
    "parameters": _done(
        "map|value_list",
        "Short for notebook_task.base_parameters or sql_task.parameters: names and values; or, for a script, the list of its arguments.",
    ),
    "spark_python_task": _done("spark_python_task", "A Python file to run as a program, with or without Spark, in Databricks' form."),
    "script": _done("text", "Short for spark_python_task.python_file."),
    "python_wheel_task": _done("python_wheel_task", "An entry point of a Python package, in a wheel or installed."),
    "sql_task": _done("sql_task", "A file of SQL, one statement or several, on the run's Spark engine."),
    "sql": _done("text", "Short for sql_task.file.path."),
    "python": _done("text", "The Python that runs a script or a wheel: a path, or a program's name; by default the one that runs nbflow."),
    "shell_task": _done("shell_task", "A command of the shell, for what no other kind covers; nbflow's own."),
    "command": _done("text", "Short for shell_task.command."),
    "kernel": _done("text", "The Jupyter kernel, instead of the notebook's own."),
    "max_retries": _done("retries", "How often a failed attempt is tried again; -1 is for ever."),
    "min_retry_interval_millis": _done("count", "Milliseconds from the start of a failed attempt to the start of the next."),
    "retry_on_timeout": _done("boolean", "Whether an attempt over its time limit is tried again."),
    "timeout_seconds": _done("seconds", "The time limit of each attempt in seconds; 0 is none."),
    "cell_timeout_seconds": _done("seconds", "The time limit of each cell in seconds; 0 is none."),
    **_NOTIFICATIONS,
    "run_if": _refused("When a task runs, by what those before it came to.", "only ALL_SUCCESS can be run: remove the key", "ALL_SUCCESS"),
    "disabled": _refused("Whether the task is left out.", "remove the key, and leave the task out with --only", False),
    "new_cluster": _done("cluster", "A cluster of the task's own: an engine with settings of Spark."),
    "existing_cluster_id": _idle("The cluster to use."),
    "job_cluster_key": _done("text", "The one of job_clusters to use."),
    "environment_key": _idle("The serverless environment to use."),
    "environment_variables_key": _refused("Variables for the task's environment.", "set them in the shell that starts the run"),
    "libraries": _done("library_list", "Files that a script or a wheel needs: {whl: path}. Packages of an index belong to the environment."),
    "compute": _idle("Hardware to use."),
    "disable_auto_optimization": _idle("Whether the serverless service tries again by itself."),
    **{
        kind: _refused("Another kind of task.", "put the work into a notebook and name it in notebook_task")
        for kind in (
            "spark_jar_task", "spark_submit_task", "alert_task",
            "dashboard_task", "dbt_task", "dbt_cloud_task", "dbt_platform_task", "pipeline_task", "run_job_task",
            "condition_task", "for_each_task", "clean_rooms_notebook_task", "power_bi_task", "ai_runtime_task",
            "gen_ai_compute_task", "python_operator_task", "agentic_task", "genie_task",
        )
    },
}  # fmt: skip

NOTEBOOK_TASK: dict[str, Key] = {
    "notebook_path": _done("text", "The notebook, from this file's folder; /x starts at the workspace; the extension may be left out."),
    "base_parameters": _done("map", "Names and values for the notebook's parameters."),
    "source": _refused("Where the notebook comes from.", "only WORKSPACE can be run: remove the key", "WORKSPACE"),
    "warehouse_id": _refused("A SQL warehouse that runs the notebook.", "remove the key; the notebook runs in its own kernel"),
}

SPARK_PYTHON_TASK: dict[str, Key] = {
    "python_file": _done("text", "The Python file, from this file's folder; /x starts at the workspace."),
    "parameters": _done("value_list", "Its arguments; {{references}} in them are replaced."),
    "source": _refused("Where the file comes from.", "only WORKSPACE can be run: remove the key", "WORKSPACE"),
}

PYTHON_WHEEL_TASK: dict[str, Key] = {
    "package_name": _done("text", "The package's name."),
    "entry_point": _done("text", "The name of an entry point in the package's metadata, else of a function in the package."),
    "parameters": _done("value_list", "Its arguments."),
    "named_parameters": _done(
        "map", "Its arguments as names and values: they arrive as --name=value, and the pipeline's parameters with them."
    ),
}

SQL_TASK: dict[str, Key] = {
    "file": _done("sql_file", "The file of SQL."),
    "parameters": _done("map", "Names and values for the named parameters of the statements (:name)."),
    "warehouse_id": _idle("The SQL warehouse; here it is the run's Spark engine."),
    **{
        name: _refused(
            "A query, an alert or a dashboard that is kept on Databricks.", "put the SQL into a file and name it in 'file: {path: …}'"
        )
        for name in ("query", "alert", "dashboard")
    },
}

SQL_FILE: dict[str, Key] = {
    "path": _done("text", "The file, from the pipeline file's folder; /x starts at the workspace."),
    "source": _refused("Where the file comes from.", "only WORKSPACE can be run: remove the key", "WORKSPACE"),
}

LIBRARY: dict[str, Key] = {
    "whl": _done("text", "A wheel, from this file's folder; it may hold * and ?."),
    **{
        name: _idle("A package of an index; here it belongs to the environment.")
        for name in ("pypi", "maven", "cran", "requirements", "egg", "jar")
    },
}

SHELL_TASK: dict[str, Key] = {
    "command": _done("text", "The command; it starts in this file's folder, {{references}} in it are replaced."),
}

DEPENDENCY: dict[str, Key] = {
    "task_key": _done("task_key", "The task that must end well before."),
    "outcome": _refused("The branch of a condition task.", "only condition tasks have one, and they cannot be run"),
}

PARAMETER: dict[str, Key] = {
    "name": _done("parameter_name", "The parameter's name: letters, digits, _, - and dots."),
    "default": _done("any", "Its value where the caller gives none."),
}

JOB_CLUSTER: dict[str, Key] = {
    "job_cluster_key": _done("text", "The cluster's name, by which tasks choose it."),
    "new_cluster": _done("cluster", "The cluster."),
}

CLUSTER: dict[str, Key] = {
    "engine": _done("engine", "The Spark engine: spark, sail, auto, none, or sc://host:port; otherwise as the pipeline says."),
    "spark_conf": _done("map", "Settings of Spark, over the workspace's."),
    "num_workers": _done("count", "Workers on Databricks; kept and shown, one machine has none."),
    "spark_env_vars": _refused("Variables for Spark's environment.", "set them in the shell that starts the run"),
    "docker_image": _refused("An image that the cluster runs.", "install what it holds into the environment, and remove the key"),
    **{
        name: _idle("Of a cluster in the cloud.")
        for name in (
            "apply_policy_default_values", "autoscale", "autotermination_minutes", "aws_attributes", "azure_attributes",
            "cluster_log_conf", "cluster_name", "custom_tags", "data_security_mode", "driver_instance_pool_id",
            "driver_node_type_flexibility", "driver_node_type_id", "enable_elastic_disk", "enable_local_disk_encryption",
            "gcp_attributes", "init_scripts", "instance_pool_id", "is_single_node", "kind", "node_type_id", "policy_id",
            "remote_disk_throughput", "runtime_engine", "single_user_name", "spark_version", "ssh_public_keys",
            "total_initial_remote_disk_size", "use_ml_runtime", "worker_node_type_flexibility", "workload_type",
        )
    },
}  # fmt: skip

RESOURCES: dict[str, Key] = {
    "jobs": _done("job_map", "Jobs by their keys."),
    **{
        kind: _idle("Another kind of resource.")
        for kind in (
            "alerts", "apps", "catalogs", "cluster_policies", "clusters", "dashboards", "database_catalogs", "database_instances",
            "experiments", "external_locations", "genie_spaces", "instance_pools", "job_runs", "model_serving_endpoints", "models",
            "pipelines", "postgres_branches", "postgres_catalogs", "postgres_databases", "postgres_endpoints", "postgres_projects",
            "postgres_roles", "postgres_snapshot_schedules", "postgres_synced_tables", "quality_monitors", "registered_models",
            "schemas", "secret_scopes", "secrets", "sql_warehouses", "synced_database_tables", "vector_search_endpoints",
            "vector_search_indexes", "volumes",
        )
    },
}  # fmt: skip

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
    "spark_python_task": SPARK_PYTHON_TASK,
    "python_wheel_task": PYTHON_WHEEL_TASK,
    "sql_task": SQL_TASK,
    "sql_file": SQL_FILE,
    "library": LIBRARY,
    "shell_task": SHELL_TASK,
    "dependency": DEPENDENCY,
    "parameter": PARAMETER,
    "job_cluster": JOB_CLUSTER,
    "cluster": CLUSTER,
    "resources": RESOURCES,
    "bundle": BUNDLE,
}

REQUIRED: dict[str, tuple[str, ...]] = {
    "job": ("tasks",),
    "task": ("task_key",),
    "notebook_task": ("notebook_path",),
    "spark_python_task": ("python_file",),
    "python_wheel_task": ("package_name", "entry_point"),
    "sql_task": ("file",),
    "sql_file": ("path",),
    "shell_task": ("command",),
    "dependency": ("task_key",),
    "parameter": ("name", "default"),
    "job_cluster": ("job_cluster_key", "new_cluster"),
    "bundle": ("resources",),
    "resources": ("jobs",),
}
