"""The words of what a task does: the objects of each kind of work, as in ``vocabulary``."""

from __future__ import annotations

from nbflow.define.pipeline_files.words import Key
from nbflow.define.pipeline_files.words import done as _done
from nbflow.define.pipeline_files.words import idle as _idle
from nbflow.define.pipeline_files.words import refused as _refused

NOTEBOOK_TASK: dict[str, Key] = {
    "notebook_path": _done("text", "The notebook, from this file's folder; /x starts at the workspace; the extension may be left out."),
    "base_parameters": _done("map", "Names and values for the notebook's parameters."),
    "source": _refused("Where the notebook comes from.", "only WORKSPACE can be run: remove the key", "WORKSPACE"),
    "warehouse_id": _idle("The SQL warehouse that runs the notebook; here it runs in its own kernel, on the run's Spark engine."),
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

SPARK_JAR_TASK: dict[str, Key] = {
    "main_class_name": _done("text", "The class whose main is called."),
    "parameters": _done("value_list", "Its arguments."),
    "jar_uri": _refused("A jar.", "name it in libraries: '- jar: path'"),
    "run_as_repl": _idle("How the cluster runs it."),
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
    "jar": _done("text", "A jar of a Java program, from this file's folder; it may hold * and ?."),
    "whl": _done("text", "A wheel, from this file's folder; it may hold * and ?."),
    **{
        name: _idle("A package of an index; here it belongs to the environment.")
        for name in ("pypi", "maven", "cran", "requirements", "egg")
    },
}

DBT_TASK: dict[str, Key] = {
    "commands": _done("value_list", "The commands, each of which begins with 'dbt'; {{references}} in them are replaced."),
    "project_directory": _done("text", "The folder of the project, from this file's folder; by default that folder."),
    "profiles_directory": _done("text", "The folder of profiles.yml; by default where dbt looks for it."),
    "source": _refused("Where the project comes from.", "only WORKSPACE can be run: remove the key", "WORKSPACE"),
    **{
        name: _idle("Of the profile that Databricks makes; here the project has its own.") for name in ("warehouse_id", "catalog", "schema")
    },
}

SHELL_TASK: dict[str, Key] = {
    "command": _done("text", "The command; it starts in this file's folder, {{references}} in it are replaced."),
}

WORK_OBJECTS: dict[str, dict[str, Key]] = {
    "notebook_task": NOTEBOOK_TASK,
    "spark_python_task": SPARK_PYTHON_TASK,
    "python_wheel_task": PYTHON_WHEEL_TASK,
    "spark_jar_task": SPARK_JAR_TASK,
    "sql_task": SQL_TASK,
    "sql_file": SQL_FILE,
    "library": LIBRARY,
    "dbt_task": DBT_TASK,
    "shell_task": SHELL_TASK,
}

WORK_REQUIRED: dict[str, tuple[str, ...]] = {
    "notebook_task": ("notebook_path",),
    "spark_python_task": ("python_file",),
    "python_wheel_task": ("package_name", "entry_point"),
    "spark_jar_task": ("main_class_name",),
    "sql_task": ("file",),
    "sql_file": ("path",),
    "dbt_task": ("commands",),
    "shell_task": ("command",),
}
