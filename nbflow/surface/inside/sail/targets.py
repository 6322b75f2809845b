"""What a write on Sail writes to: the name of a table, and a reader of what is there already."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any

from nbflow.surface.inside.sail.names import Names, Table, names_in, state_of
from nbflow.surface.inside.sail.places import is_elsewhere, plain
from nbflow.surface.inside.sail.refusals import refused


def written_name(operation: Any) -> str:
    """The name, as it was given, that a write of either kind names; empty where it has a path."""
    if operation.DESCRIPTOR.name == "WriteOperationV2":
        return str(operation.table_name)
    return str(operation.table.table_name) if operation.HasField("table") else ""


def written_table(operation: Any, names: Names) -> Table | None:
    """The table of the warehouse that a write names; ``None`` where it names none."""
    return next(map(names.table, names_in(written_name(operation))), None)


def place_said(operation: Any) -> str:
    """The path that a write to a name says its table lies at; empty where it says none."""
    return next((str(value) for key, value in operation.options.items() if key.lower() == "path"), "")


def refuse_elsewhere(operation: Any) -> None:
    """Raise where a table would be written that lies in another file system, whose log nobody can look at from here."""
    name = next(iter(names_in(written_name(operation))), [])
    for place in (str(operation.path) if not name else "", place_said(operation), named_place(name)):
        if is_elsewhere(place):
            raise refused_there(f"the write to {place}")


def named_place(parts: Sequence[str]) -> str:
    """The path that stands in a name, ``delta.`/a/path```; empty in any other."""
    return parts[1] if len(parts) == 2 and parts[0].lower() == "delta" else ""


def refused_there(what: str) -> Exception:
    """The error for a change of a table in another file system."""
    return refused(what, "nbflow cannot look at the table's log there, without which Sail may lose data in silence")


def target_of(operation: Any, names: Names, client: Any) -> Any:
    """A reader of the table that is written to; ``None`` where it is not there yet."""
    from pyspark.sql.connect import proto

    relation, name = proto.Relation(), written_name(operation)
    path = path_of(operation, names)
    if not path and name and names.warehouse is None:
        relation.read.named_table.unparsed_identifier = name
        return relation if _is_there(relation, client) else None
    if not os.path.isdir(os.path.join(path, "_delta_log")):
        return None
    relation.read.data_source.format = "delta"
    relation.read.data_source.paths.append(plain(path))
    return relation


def path_of(operation: Any, names: Names) -> str:
    """The path that is written to, empty where nobody here knows it; one may stand in a name, ``delta.`/a/path```, and be said of a table that its name does not lead to yet."""
    name = written_name(operation)
    if not name:
        return str(operation.path)
    place, said = names.place(next(iter(names_in(name)), [])), place_said(operation)
    return said if said and not (place and state_of(place)) else place


def _is_there(relation: Any, client: Any) -> bool:
    from pyspark.errors import PySparkException
    from pyspark.sql.connect import proto

    try:
        client._analyze(method="schema", plan=proto.Plan(root=relation))
    except PySparkException:
        return False
    return True


def paths_read(message: Any) -> Iterator[str]:
    """The paths of files that a plan reads, as far as it names them itself, also in SQL."""
    if message.DESCRIPTOR.name == "DataSource":
        yield from message.paths
    for field in ("query", "sql", "unparsed_identifier") if message.DESCRIPTOR.name in ("SQL", "SqlCommand", "NamedTable") else ():
        yield from (parts[1] for parts in names_in(getattr(message, field, "") or "") if len(parts) == 2 and "/" in parts[1])
    for field, value in message.ListFields():
        if field.message_type is not None and not field.message_type.GetOptions().map_entry:
            for item in [value] if hasattr(value, "ListFields") else value:
                yield from paths_read(item)
