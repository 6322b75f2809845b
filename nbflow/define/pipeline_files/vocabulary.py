"""The words of a pipeline file: every key of a Databricks job, what it is, and what it does here.

The reader and the JSON Schema are both made from these tables.
"""

from __future__ import annotations

import re

from nbflow.define.pipeline_files.bundle_words import BUNDLE, BUNDLE_PART, BUNDLE_SETTINGS, LOOKUP, PRESETS, RESOURCES, TARGET, VARIABLE
from nbflow.define.pipeline_files.flow_words import CONDITION_TASK, DEPENDENCY, EXPECT, FOR_EACH_TASK, RUN_JOB_TASK
from nbflow.define.pipeline_files.words import Key, Standing
from nbflow.define.pipeline_files.words import cloud as _cloud
from nbflow.define.pipeline_files.words import done as _done
from nbflow.define.pipeline_files.words import idle as _idle
from nbflow.define.pipeline_files.words import refused as _refused
from nbflow.define.pipeline_files.work_words import WORK_OBJECTS, WORK_REQUIRED

__all__ = ["BUNDLE", "HOLDERS", "JOB", "OBJECTS", "REQUIRED", "TASK", "Key", "Standing"]

HOLDERS = re.compile(r"^(x-|\.)|^definitions$")
"""Keys of a file's root that are the author's own, for what YAML anchors share."""


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
    "timezone": _done(
        "zone", "Where {{job.start_time.iso_date}} and other times are told, such as Europe/Berlin; by default UTC, as on Databricks."
    ),
    "job_clusters": _done("job_cluster_list", "Clusters that tasks name by job_cluster_key: an engine with settings of Spark."),
    "environments": _done("environment_list", "What tasks name by environment_key: wheels and jars that they need."),
    "environment_variables": _refused("Variables for the tasks' environment.", "set them in the shell that starts the run"),
    "duration_target": _idle("How long a run should take."),
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
    "depends_on": _done("dependency_list|task_key", "What must end before: a list of task keys, or of {task_key, outcome, run_if}."),
    "notebook_task": _done("notebook_task", "The notebook to run, in Databricks' form."),
    "notebook": _done("text", "Short for notebook_task.notebook_path."),
    "parameters": _done(
        "map|value_list",
        "Short for notebook_task.base_parameters or sql_task.parameters: names and values; or, for a script, the list of its arguments.",
    ),
    "spark_python_task": _done("spark_python_task", "A Python file to run as a program, with or without Spark, in Databricks' form."),
    "script": _done("text", "Short for spark_python_task.python_file."),
    "python_wheel_task": _done("python_wheel_task", "An entry point of a Python package, in a wheel or installed."),
    "spark_jar_task": _done("spark_jar_task", "The main class of a Java program with Spark, in a jar that libraries name."),
    "sql_task": _done("sql_task", "A file of SQL, one statement or several, on the run's Spark engine."),
    "sql": _done("text", "Short for sql_task.file.path."),
    "dbt_task": _done("dbt_task", "Commands of dbt; pip install 'nbflow[dbt]'."),
    "python": _done("text", "The Python that runs a script, a wheel or dbt: a path, or a program's name; by default the one that runs nbflow."),
    "shell_task": _done("shell_task", "A command of the shell, for what no other kind covers; nbflow's own."),
    "command": _done("text", "Short for shell_task.command."),
    "kernel": _done("text", "The Jupyter kernel, instead of the notebook's own."),
    "max_retries": _done("retries", "How often a failed attempt is tried again; -1 is for ever."),
    "min_retry_interval_millis": _done("count", "Milliseconds from the start of a failed attempt to the start of the next."),
    "retry_on_timeout": _done("boolean", "Whether an attempt over its time limit is tried again."),
    "timeout_seconds": _done("seconds", "The time limit of each attempt in seconds; 0 is none."),
    "cell_timeout_seconds": _done("seconds", "The time limit of each cell in seconds; 0 is none."),
    **_NOTIFICATIONS,
    "run_if": _done("run_if", "What those before it must come to, all together; ALL_SUCCESS by default."),
    "disabled": _done("boolean", "Whether the task is left out."),
    "condition_task": _done("condition_task", "A comparison; others depend on its outcome."),
    "for_each_task": _done("for_each_task", "Tasks that are done once for each item of a list."),
    "run_job_task": _done("run_job_task", "Another pipeline of the workspace."),
    "expect": _done("expect", "What the task promises: an attempt that does not keep it has failed."),
    "new_cluster": _done("cluster", "A cluster of the task's own: an engine with settings of Spark."),
    "existing_cluster_id": _idle("The cluster to use."),
    "job_cluster_key": _done("text", "The one of job_clusters to use."),
    "environment_key": _done("text", "The one of environments to use: its wheels and jars stand beside libraries."),
    "environment_variables_key": _refused("Variables for the task's environment.", "set them in the shell that starts the run"),
    "libraries": _done(
        "library_list",
        "Files that the task needs: {whl: path} for Python, {jar: path} for Java. Packages of an index belong to the environment.",
    ),
    "compute": _idle("Hardware to use."),
    "disable_auto_optimization": _idle("Whether the serverless service tries again by itself."),
    "spark_submit_task": _cloud("A program for spark-submit; deprecated.", "use spark_jar_task or spark_python_task"),
    **{
        kind: _cloud("A kind of task that only Databricks has.", "put what it does into a notebook or a script")
        for kind in (
            "agentic_task", "ai_function_task", "ai_runtime_task", "alert_task", "clean_rooms_notebook_task", "dashboard_task",
            "dbt_cloud_task", "dbt_platform_task", "gen_ai_compute_task", "genie_task", "pipeline_task", "power_bi_task",
            "python_operator_task",
        )
    },
}  # fmt: skip

PARAMETER: dict[str, Key] = {
    "name": _done("parameter_name", "The parameter's name: letters, digits, _, - and dots."),
    "default": _done("any", "Its value where the caller gives none."),
}

ENVIRONMENT: dict[str, Key] = {
    "environment_key": _done("text", "The environment's name, by which tasks choose it."),
    "spec": _done("environment_spec", "What it holds."),
}

ENVIRONMENT_SPEC: dict[str, Key] = {
    "dependencies": _done("name_list", "Wheels, from this file's folder; they may hold * and ?. Packages of an index have no effect here."),
    "java_dependencies": _done("name_list", "Jars, from this file's folder; they may hold * and ?."),
    **{
        name: _idle("What Databricks puts into it.")
        for name in ("base_environment", "client", "environment_version", "project_environment")
    },
}

JOB_CLUSTER: dict[str, Key] = {
    "job_cluster_key": _done("text", "The cluster's name, by which tasks choose it."),
    "new_cluster": _done("cluster", "The cluster."),
    "serverless_compute": _idle("Hardware of the cloud."),
    "serverless_compute_id": _idle("Hardware of the cloud."),
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
            "apply_policy_default_values", "dependency_mode", "autoscale", "autotermination_minutes", "aws_attributes", "azure_attributes",
            "cluster_log_conf", "cluster_name", "custom_tags", "data_security_mode", "driver_instance_pool_id",
            "driver_node_type_flexibility", "driver_node_type_id", "enable_elastic_disk", "enable_local_disk_encryption",
            "gcp_attributes", "init_scripts", "instance_pool_id", "is_single_node", "kind", "node_type_id", "policy_id",
            "remote_disk_throughput", "runtime_engine", "single_user_name", "spark_version", "ssh_public_keys",
            "total_initial_remote_disk_size", "use_ml_runtime", "worker_node_type_flexibility", "workload_type",
        )
    },
}  # fmt: skip

OBJECTS: dict[str, dict[str, Key]] = {
    "job": JOB,
    "task": TASK,
    **WORK_OBJECTS,
    "condition_task": CONDITION_TASK,
    "for_each_task": FOR_EACH_TASK,
    "run_job_task": RUN_JOB_TASK,
    "expect": EXPECT,
    "dependency": DEPENDENCY,
    "parameter": PARAMETER,
    "job_cluster": JOB_CLUSTER,
    "cluster": CLUSTER,
    "environment": ENVIRONMENT,
    "environment_spec": ENVIRONMENT_SPEC,
    "resources": RESOURCES,
    "bundle": BUNDLE,
    "bundle_part": BUNDLE_PART,
    "bundle_settings": BUNDLE_SETTINGS,
    "variable": VARIABLE,
    "lookup": LOOKUP,
    "target": TARGET,
    "presets": PRESETS,
}

REQUIRED: dict[str, tuple[str, ...]] = {
    "job": ("tasks",),
    "task": ("task_key",),
    **WORK_REQUIRED,
    "condition_task": ("op", "left", "right"),
    "for_each_task": ("inputs",),
    "dependency": ("task_key",),
    "parameter": ("name", "default"),
    "job_cluster": ("job_cluster_key", "new_cluster"),
    "environment": ("environment_key",),
    "resources": ("jobs",),
}
