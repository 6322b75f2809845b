"""What a write on Sail writes to: the name of a table, and a reader of what is there already."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from nbflow.surface.inside.sail.names import Names, Table, names_in


def written_name(operation: Any) -> str:
    """The name, as it was given, that a write of either kind names; empty where it has a path."""
    if operation.DESCRIPTOR.name == "WriteOperationV2":
        return str(operation.table_name)
    return str(operation.table.table_name) if operation.HasField("table") else ""


def written_table(operation: Any, names: Names) -> Table | None:
    """The table of the warehouse that a write names; ``None`` where it names none."""
    return next(map(names.table, names_in(written_name(operation))), None)


def target_of(operation: Any, names: Names, client: Any) -> Any:
    """A reader of the table that is written to; ``None`` where it is not there yet."""
    from pyspark.sql.connect import proto

    relation, name = proto.Relation(), written_name(operation)
    path = _path_of(operation, name, names)
    if not path and name and names.warehouse is None:
        relation.read.named_table.unparsed_identifier = name
        return relation if _is_there(relation, client) else None
    if not os.path.isdir(os.path.join(path, "_delta_log")):
        return None
    relation.read.data_source.format = "delta"
    relation.read.data_source.paths.append(path)
    return relation


def _path_of(operation: Any, name: str, names: Names) -> str:
    """The path that is written to; one may stand in a name, ``delta.`/a/path```."""
    if not name:
        return str(operation.path)
    parts = next(iter(names_in(name)), [])
    return names.place(parts)


def _is_there(relation: Any, client: Any) -> bool:
    from pyspark.errors import PySparkException
    from pyspark.sql.connect import proto

    try:
        client._analyze(method="schema", plan=proto.Plan(root=relation))
    except PySparkException:
        return False
    return True


def paths_read(message: Any) -> Iterator[str]:
    """The absolute paths of files that a plan reads, as far as it names them itself."""
    if message.DESCRIPTOR.name == "DataSource":
        yield from (path for path in message.paths if os.path.isabs(path))
    for field, value in message.ListFields():
        if field.message_type is not None and not field.message_type.GetOptions().map_entry:
            for item in [value] if hasattr(value, "ListFields") else value:
                yield from paths_read(item)
