"""Control flow in a pipeline file: dependencies, conditions, other pipelines, promises."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from nbflow.define.nearest import did_you_mean, nearest, there_are
from nbflow.define.pipeline_files.document import Node
from nbflow.define.pipeline_files.objects import ObjectReader
from nbflow.define.pipelines.flow import ConditionTask, Dependency, Expectation, RunJobTask
from nbflow.define.pipelines.kinds import KINDS
from nbflow.define.pipelines.pipeline import Place

Places = dict[str, Place]

_JOBS = ("job_name", "job_id")
_JOB_ID = re.compile(r"\$\{resources\.jobs\.([\w-]+)\.id\}")
_NEAR = 0.8  # a reference to a resource of another kind is no slip


def read_dependencies(reader: ObjectReader, node: Node | None, key: str, places: Places) -> tuple[str | Dependency, ...]:
    """What a task depends on: keys, and a ``Dependency`` where more is asked of one."""
    items = [] if node is None else node.value if isinstance(node.value, list) else [node]
    found: dict[str, str | Dependency] = {}
    for index, item in enumerate(items):
        where = f"{key}[{index}]" if node is not None and isinstance(node.value, list) else key
        if isinstance(item.value, dict):
            entry = reader.object(item, "dependency", where)
            if "task_key" not in entry:
                continue
            name, line = str(entry["task_key"].value), entry["task_key"].line
            read = _dependency(reader, name, entry, where)
        elif isinstance(item.value, str):
            name, line, read = item.value, item.line, item.value
        else:
            reader.wrong(f"takes a task's key, got {item.kind}", item.line, where, "write the key as text, in quotes if need be")
            continue
        if name in found:
            reader.warn(f"{name!r} stands twice", line, where)
            continue
        found[name] = read
        places[f"depends_on.{name}"] = Place(reader.file, line, where)
    return tuple(found.values())


def _dependency(reader: ObjectReader, name: str, entry: Mapping[str, Node], where: str) -> str | Dependency:
    if "outcome" in entry and "run_if" in entry:
        reader.wrong("'run_if' stands beside outcome", entry["run_if"].line, f"{where}.run_if", "keep one")
    outcome = _word(entry["outcome"].value) if "outcome" in entry else None
    asked = str(entry["run_if"].value) if "run_if" in entry else None
    return name if outcome is None and asked is None else Dependency(name, outcome, asked)


def _word(value: Any) -> str:
    """An outcome, which YAML may have read as a boolean."""
    return str(value).lower()


def read_condition(reader: ObjectReader, entry: Mapping[str, Node], key: str, places: Places) -> dict[str, Any]:
    """The condition of a task, as the field of ``Task``."""
    where = f"{key}.condition_task"
    found = reader.object(entry["condition_task"], "condition_task", where)
    for name, node in found.items():
        places[name] = Place(reader.file, node.line, f"{where}.{name}")
    values = {name: reader.value(found[name], f"{where}.{name}") if name in found else "" for name in ("op", "left", "right")}
    return {"condition_task": ConditionTask(**values)}


def read_run_job(reader: ObjectReader, entry: Mapping[str, Node], key: str, places: Places) -> dict[str, Any]:
    """The other pipeline that a task runs, as the field of ``Task``."""
    where = f"{key}.run_job_task"
    found = reader.object(entry["run_job_task"], "run_job_task", where)
    named = [name for name in _JOBS if name in found]
    given = entry["run_job_task"].value
    if len(named) > 1:
        reader.wrong("'job_id' stands beside job_name", found["job_id"].line, where, "keep one")
    elif not named and isinstance(given, dict) and not any(name in given for name in _JOBS) and not reader.is_guessed(where, _JOBS):
        reader.wrong("names no pipeline", entry["run_job_task"].line, where, "add 'job_name: <name of a pipeline>'")
    for name in named:
        places["job"] = Place(reader.file, found[name].line, f"{where}.{name}")
    job = _job_key(reader, found["job_id"], f"{where}.job_id") if "job_id" in found else None
    values = {}
    parameters = found.get("job_parameters")
    for name, node in parameters.value.items() if parameters is not None else ():
        at = parameters.line_of(name) if parameters is not None else None
        places[f"parameters.{name}"] = Place(reader.file, at, f"{where}.job_parameters.{name}")
        values[name] = reader.value(node, f"{where}.job_parameters.{name}")
    return {"run_job_task": RunJobTask(str(found["job_name"].value) if "job_name" in found else "", values, job)}


def _job_key(reader: ObjectReader, node: Node, key: str) -> str:
    """The key of the job whose id a task names; empty where there is none, which is told."""
    text = str(node.value)
    match = _JOB_ID.fullmatch(text)
    if match is not None and match.group(1) in reader.jobs:
        return match.group(1)
    if match is not None:
        hint = did_you_mean(match.group(1), reader.jobs) or (there_are(reader.jobs) if reader.jobs else "there are none")
        reader.wrong(f"there is no job {match.group(1)!r} beside this one", node.line, key, hint)
        return ""
    hint = "name the pipeline with job_name, or a job of this bundle with ${resources.jobs.<key>.id}"
    if text.startswith("${"):
        near = nearest(text, [f"${{resources.jobs.{name}.id}}" for name in reader.jobs], _NEAR)
        reader.wrong("is no job beside this one", node.line, key, f"did you mean {near!r}?" if near else hint)
    else:
        reader.wrong("is the number of a job on Databricks, which is not known here", node.line, key, hint)
    return ""


def read_expectation(reader: ObjectReader, node: Node | None, key: str, places: Places) -> Expectation | None:
    """What a task promises."""
    if node is None:
        return None
    found = reader.object(node, "expect", key)
    tables: dict[str, int] = {}
    listed = found.get("tables")
    if listed is not None and isinstance(listed.value, dict):
        for name, least in listed.value.items():
            places[f"expect.{str(name).lower()}"] = Place(reader.file, listed.line_of(name), f"{key}.tables.{name}")
            if KINDS["count"].fits(least.value):
                tables[name] = int(least.value)
            elif reader.is_known(least):
                reader.wrong(f"takes {KINDS['count'].said}, got {least.kind}", least.line, f"{key}.tables.{name}", "the rows at least")
    elif listed is not None:
        for name, line, where in _names(reader, listed, f"{key}.tables"):
            tables[name] = 0
            places[f"expect.{name.lower()}"] = Place(reader.file, line, where)
    values = [name for name, _, _ in _names(reader, found["values"], f"{key}.values")] if "values" in found else []
    return Expectation(tables, tuple(values))


def _names(reader: ObjectReader, node: Node, key: str) -> list[tuple[str, int, str]]:
    """The texts of a list, each with its line and key."""
    found = []
    for index, item in enumerate(node.value):
        if KINDS["text"].fits(item.value):
            found.append((item.value, item.line, f"{key}[{index}]"))
        else:
            reader.wrong(f"takes text, got {item.kind}", item.line, f"{key}[{index}]", "write the name as text, in quotes if need be")
    return found
