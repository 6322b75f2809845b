"""What a task of a pipeline file does: its ``*_task`` object, or the short form of one, as fields of ``Task``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from nbflow.define.pipeline_files.document import Node
from nbflow.define.pipeline_files.environments import Environment, environment_libraries, is_elsewhere
from nbflow.define.pipeline_files.flow import read_condition, read_run_job
from nbflow.define.pipeline_files.objects import ObjectReader
from nbflow.define.pipeline_files.work_words import SQL_TASK
from nbflow.define.pipelines.pipeline import Place
from nbflow.define.pipelines.task_kinds import (
    KINDS_OF_FIELD,
    OBJECTS,
    DbtTask,
    PythonWheelTask,
    ShellTask,
    SparkJarTask,
    SparkPythonTask,
    SqlTask,
    SqlTaskFile,
)

Places = dict[str, Place]

SHORT = {"notebook": "notebook_task", "script": "spark_python_task", "sql": "sql_task", "command": "shell_task"}
"""Keys of a task that are short for a field of an object, and that object's key."""


def read_work(
    reader: ObjectReader, entry: Mapping[str, Node], node: Node, key: str, environments: Mapping[str, Environment] | None, places: Places
) -> dict[str, Any]:
    """The fields of ``Task`` that say what the task at ``key`` does; ``entry`` are the task's entries, ``environments`` those of
    the job (``None``: they could not be read). What is wrong goes to ``reader``, where things stand into ``places``."""
    if (kept := _kept_on_databricks(entry.get("sql_task"))) is not None:
        reader.only_there(key, f"{key}.sql_task.{kept}", entry["sql_task"].line_of(kept), SQL_TASK[kept].instead)
    missing = reader.missing_in(key)
    if missing is not None or kept is not None:
        return {"missing": missing} if missing is not None else {}
    named = [name for name in entry if name in OBJECTS or name in SHORT]
    kinds = list(dict.fromkeys(SHORT.get(name, name) for name in named))
    if len(kinds) > 1:
        others = ", ".join(repr(name) for name in named[1:])
        reader.wrong(
            f"{named[0]!r} stands beside {others}", places[named[1]].line, places[named[1]].key, "a task does one thing: keep one of them"
        )
    elif len(named) > 1 and kinds != ["notebook_task"]:
        hint = f"keep {kinds[0]}, or the short form"
        reader.wrong(f"{named[0]!r} stands beside {named[1]}", places[named[1]].line, places[named[1]].key, hint)
    if not kinds and not _told_already(reader, node, key):
        hint = "add 'notebook: path', 'script: path', 'sql: path', 'command: text', or one of " + ", ".join(OBJECTS)
        reader.wrong("the task has no work to do", node.line, key, hint)
    if not kinds:
        return {}
    kind = kinds[0]
    for name, takers in KINDS_OF_FIELD.items():
        if name in entry and kind not in takers:
            hint = f"it belongs to {' or '.join(takers)}"
            reader.wrong(f"has no meaning beside {named[0]}", places[name].line, places[name].key, hint)
    taken = LIBRARIES_OF.get(kind, ())
    own = _libraries(reader, entry.get("libraries"), f"{key}.libraries", taken)
    libraries = (*own, *environment_libraries(reader, entry, places, environments, taken))
    places.update({f"libraries[{index}]": place for index, (_, place) in enumerate(libraries)})
    found = tuple(library for library, _ in libraries)
    return {**_READ[kind](reader, entry, key, places), **({"libraries": found} if found else {})}


def _kept_on_databricks(node: Node | None) -> str | None:
    """The query, alert or dashboard that stands in a ``sql_task`` instead of a file."""
    if node is None or not isinstance(node.value, dict) or "file" in node.value:
        return None
    return next((name for name in ("query", "alert", "dashboard") if name in node.value), None)


def _told_already(reader: ObjectReader, node: Node, key: str) -> bool:
    """Whether the task names its work in a way that cannot be run or is told elsewhere."""
    works = (*OBJECTS, *SHORT)
    return reader.refused_in(key) or any(name in node.value for name in works) or reader.is_guessed(key, works)


def _notebook(reader: ObjectReader, entry: Mapping[str, Node], key: str, places: Places) -> dict[str, Any]:
    """The notebook's path and parameters, from the long form or the short one."""
    short = [name for name in ("notebook", "parameters") if name in entry]
    if "notebook_task" in entry:
        for name in short:
            hint = "keep notebook_task, or the short form"
            reader.wrong(f"{name!r} stands beside notebook_task", places[name].line, places[name].key, hint)
        long = reader.object(entry["notebook_task"], "notebook_task", f"{key}.notebook_task")
        path, parameters, where = long.get("notebook_path"), long.get("base_parameters"), f"{key}.notebook_task.base_parameters"
        if path is not None:
            places["notebook"] = Place(reader.file, path.line, f"{key}.notebook_task.notebook_path")
    else:
        path, parameters, where = entry.get("notebook"), entry.get("parameters"), f"{key}.parameters"
    return {"notebook": _path(reader, path, places, "notebook"), "parameters": _values(reader, parameters, where, places)}


def _script(reader: ObjectReader, entry: Mapping[str, Node], key: str, places: Places) -> dict[str, Any]:
    """The file and its arguments, from the long form or the short one."""
    path, parameters, where = entry.get("script"), entry.get("parameters"), f"{key}.parameters"
    if "spark_python_task" in entry:
        if parameters is not None:
            hint = "keep spark_python_task, or the short form"
            reader.wrong("'parameters' stands beside spark_python_task", parameters.line, where, hint)
        long = reader.object(entry["spark_python_task"], "spark_python_task", f"{key}.spark_python_task")
        path, parameters, where = long.get("python_file"), long.get("parameters"), f"{key}.spark_python_task.parameters"
        if path is not None:
            places["script"] = Place(reader.file, path.line, f"{key}.spark_python_task.python_file")
    return {"spark_python_task": SparkPythonTask(_path(reader, path, places, "script"), _items(reader, parameters, where, places))}


def _wheel(reader: ObjectReader, entry: Mapping[str, Node], key: str, places: Places) -> dict[str, Any]:
    where = f"{key}.python_wheel_task"
    given = reader.object(entry["python_wheel_task"], "python_wheel_task", where)
    if "parameters" in given and "named_parameters" in given:
        hint = "keep one of them"
        reader.wrong("'parameters' stands beside named_parameters", given["parameters"].line, f"{where}.parameters", hint)
    named = given.get("named_parameters")
    task = PythonWheelTask(
        str(given["package_name"].value) if "package_name" in given else "",
        str(given["entry_point"].value) if "entry_point" in given else "",
        _items(reader, given.get("parameters"), f"{where}.parameters", places),
        None if named is None else _values(reader, named, f"{where}.named_parameters", places),
    )
    return {"python_wheel_task": task}


def _jar(reader: ObjectReader, entry: Mapping[str, Node], key: str, places: Places) -> dict[str, Any]:
    where = f"{key}.spark_jar_task"
    given = reader.object(entry["spark_jar_task"], "spark_jar_task", where)
    name = str(given["main_class_name"].value) if "main_class_name" in given else ""
    return {"spark_jar_task": SparkJarTask(name, _items(reader, given.get("parameters"), f"{where}.parameters", places))}


def _sql(reader: ObjectReader, entry: Mapping[str, Node], key: str, places: Places) -> dict[str, Any]:
    """The file and its named parameters, from the long form or the short one."""
    path, parameters, where = entry.get("sql"), entry.get("parameters"), f"{key}.parameters"
    if "sql_task" in entry:
        if parameters is not None:
            reader.wrong("'parameters' stands beside sql_task", parameters.line, where, "keep sql_task, or the short form")
        long = reader.object(entry["sql_task"], "sql_task", f"{key}.sql_task")
        file = reader.object(long["file"], "sql_file", f"{key}.sql_task.file") if "file" in long else {}
        path, parameters, where = file.get("path"), long.get("parameters"), f"{key}.sql_task.parameters"
        if path is not None:
            places["sql"] = Place(reader.file, path.line, f"{key}.sql_task.file.path")
    return {"sql_task": SqlTask(SqlTaskFile(_path(reader, path, places, "sql")), _values(reader, parameters, where, places))}


def _dbt(reader: ObjectReader, entry: Mapping[str, Node], key: str, places: Places) -> dict[str, Any]:
    where = f"{key}.dbt_task"
    given = reader.object(entry["dbt_task"], "dbt_task", where)
    commands = given["commands"].value if "commands" in given else []
    if "commands" in given:
        places["commands"] = Place(reader.file, given["commands"].line, f"{where}.commands")
        if not commands:
            reader.wrong("there are no commands", given["commands"].line, f"{where}.commands", "write '- dbt build'")
    for index, item in enumerate(commands):
        if not isinstance(item.value, str) or item.value.split()[:1] != ["dbt"]:
            reader.wrong("is no command of dbt", item.line, f"{where}.commands[{index}]", "each begins with 'dbt': '- dbt build'")
    folders = {name: str(given[name].value) for name in ("project_directory", "profiles_directory") if name in given}
    return {"dbt_task": DbtTask(tuple(str(item.value) for item in commands), **folders)}


def _shell(reader: ObjectReader, entry: Mapping[str, Node], key: str, places: Places) -> dict[str, Any]:
    command = entry.get("command")
    if "shell_task" in entry:
        command = reader.object(entry["shell_task"], "shell_task", f"{key}.shell_task").get("command")
        if command is not None:
            places["command"] = Place(reader.file, command.line, f"{key}.shell_task.command")
    return {"shell_task": ShellTask("" if command is None else str(command.value))}


def _for_each(reader: ObjectReader, entry: Mapping[str, Node], key: str, places: Places) -> dict[str, Any]:
    """Nothing here: the tasks inside are read as tasks are."""
    return {}


_READ: dict[str, Callable[[ObjectReader, Mapping[str, Node], str, Places], dict[str, Any]]] = {
    "notebook_task": _notebook,
    "spark_python_task": _script,
    "python_wheel_task": _wheel,
    "spark_jar_task": _jar,
    "sql_task": _sql,
    "dbt_task": _dbt,
    "shell_task": _shell,
    "condition_task": read_condition,
    "for_each_task": _for_each,
    "run_job_task": read_run_job,
}

LIBRARIES_OF = {
    "notebook_task": ("whl",),
    "spark_python_task": ("whl",),
    "python_wheel_task": ("whl",),
    "spark_jar_task": ("jar",),
}
"""The kinds of libraries that have an effect, by the kind of work."""


def _libraries(reader: ObjectReader, node: Node | None, key: str, taken: Sequence[str]) -> Iterator[tuple[dict[str, str], Place]]:
    """The libraries that have an effect, each with its place; the others are told."""
    for index, item in enumerate(node.value if node is not None else ()):
        for name, value in reader.object(item, "library", f"{key}[{index}]").items():
            if name in taken and not is_elsewhere(str(value.value)):
                yield {name: str(value.value)}, Place(reader.file, item.line_of(name), f"{key}[{index}].{name}")
            else:
                reader.warn("has no effect here", item.line_of(name), f"{key}[{index}].{name}")


def _values(reader: ObjectReader, node: Node | None, where: str, places: Places) -> dict[str, Any]:
    """Names and values, each with its place."""
    values: dict[str, Any] = {}
    if node is None:
        return values
    if not isinstance(node.value, dict):
        reader.wrong(f"takes a map, got {node.kind}", node.line, where, "these parameters have names: 'name: value'")
        return values
    for name, value in node.value.items():
        places[f"parameters.{name}"] = Place(reader.file, node.line_of(name), f"{where}.{name}")
        values[name] = reader.value(value, f"{where}.{name}")
    return values


def _items(reader: ObjectReader, node: Node | None, where: str, places: Places) -> tuple[Any, ...]:
    """A program's arguments, with their place."""
    if node is None:
        return ()
    places["parameters"] = Place(reader.file, node.line, where)
    if not isinstance(node.value, list):
        reader.wrong(
            f"takes a list, got {node.kind}", node.line, where, "a program's arguments are a list: ['--day', '{{job.parameters.day}}']"
        )
        return ()
    return tuple(reader.value(item, f"{where}[{index}]") for index, item in enumerate(node.value))


def _path(reader: ObjectReader, node: Node | None, places: Places, name: str) -> str:
    """A path; a bundle's variable in it is a mistake."""
    text = str(node.value) if node is not None else ""
    if node is not None and "${" in text:
        reader.wrong(f"{text}: variables of a bundle are not known here", node.line, places[name].key, "write the path itself")
    return text
