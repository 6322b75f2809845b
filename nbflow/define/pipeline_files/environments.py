"""The environments of serverless tasks in a pipeline file: the wheels and jars that lie here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from nbflow.define.nearest import did_you_mean, there_are
from nbflow.define.pipeline_files.document import Node
from nbflow.define.pipeline_files.objects import ObjectReader
from nbflow.define.pipelines.pipeline import Place

DEPENDENCIES = {"dependencies": "whl", "java_dependencies": "jar"}
"""Keys of an environment's ``spec`` that hold files, and the kind of library that each file is."""

_ELSEWHERE = re.compile(r"-|[a-z][a-z0-9+.]*:|\S+\s*@|/(?:Volumes|Workspace|dbfs)/", re.IGNORECASE)
"""Begins an option of pip, an address, a package that comes from an address, or a path that only Databricks has."""


@dataclass(frozen=True, slots=True)
class Environment:
    """An environment's files, each with its place."""

    libraries: tuple[tuple[dict[str, str], Place], ...] = ()


def is_elsewhere(text: str) -> bool:
    """Whether a dependency is no file of this machine."""
    return _ELSEWHERE.match(text.strip()) is not None


def is_local(text: str, kind: str) -> bool:
    """Whether a dependency is a file of this kind (``whl`` or ``jar``) on this machine, rather than a package of an index."""
    return text.lower().endswith(f".{kind}") and not is_elsewhere(text)


def read_environments(reader: ObjectReader, node: Node | None, key: str) -> dict[str, Environment]:
    """The environments in a job's list at ``key``, by their keys. What is wrong, and what has no effect, goes to ``reader``."""
    found: dict[str, Environment] = {}
    for index, item in enumerate(node.value if node is not None else ()):
        where = f"{key}[{index}]"
        entry = reader.object(item, "environment", where)
        if "environment_key" not in entry:
            continue
        name = str(entry["environment_key"].value)
        if name in found:
            reader.wrong(f"the environment {name!r} stands twice", entry["environment_key"].line, where, "keep one")
        spec = reader.object(entry["spec"], "environment_spec", f"{where}.spec") if "spec" in entry else {}
        found[name] = Environment(tuple(_files(reader, spec, f"{where}.spec")))
    return found


def environment_libraries(
    reader: ObjectReader,
    entry: Mapping[str, Node],
    places: Mapping[str, Place],
    environments: Mapping[str, Environment] | None,
    taken: Sequence[str],
) -> Iterator[tuple[dict[str, str], Place]]:
    """Files of the environment that the task with these entries names, of the kinds that it has a use for, each with its place.
    ``environments`` are the job's (``None``: they could not be read)."""
    if "environment_key" not in entry or environments is None:
        return
    name, place = str(entry["environment_key"].value), places["environment_key"]
    if not environments:  # another file of a bundle may have them
        message = f"has no effect here: there is no environment {name!r}, since there are no environments"
        reader.warn(message, entry["environment_key"].line, place.key or "")
    elif name not in environments:
        reader.wrong(
            f"there is no environment {name!r}", place.line, place.key, did_you_mean(name, environments) or there_are(environments)
        )
    else:
        yield from ((library, where) for library, where in environments[name].libraries if not library.keys().isdisjoint(taken))


def _files(reader: ObjectReader, spec: Mapping[str, Node], key: str) -> Iterator[tuple[dict[str, str], Place]]:
    for name, kind in DEPENDENCIES.items():
        for index, item in enumerate(spec[name].value if name in spec else ()):
            where = f"{key}.{name}[{index}]"
            if not isinstance(item.value, str):
                reader.wrong(f"takes text, got {item.kind}", item.line, where, "a package, or the path of a file")
            elif is_local(item.value.strip(), kind):
                yield {kind: str(reader.value(item, where)).strip()}, Place(reader.file, item.line, where)
            else:
                reader.warn("has no effect here: packages belong to the environment that runs nbflow", item.line, where)
