"""Writes on Sail: columns take nulls as Spark's do, and what would lose or change stored data in silence is refused."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from nbflow.core.exchange import COMMIT_SETTING
from nbflow.surface.inside.sail.columns import adds_fields, empty, fits, left_out, nullable, takes_no_null
from nbflow.surface.inside.sail.describe import partitions_of
from nbflow.surface.inside.sail.files import guard_files, refuse_overwritten
from nbflow.surface.inside.sail.inserts import refuse_swapped
from nbflow.surface.inside.sail.names import Names, names_in, state_of
from nbflow.surface.inside.sail.places import plain, ready, real, without_begun_log
from nbflow.surface.inside.sail.refusals import refused
from nbflow.surface.inside.sail.rules import guard_rules
from nbflow.surface.inside.sail.targets import path_of, place_said, refuse_elsewhere, target_of, written_name, written_table
from nbflow.surface.inside.statements import quoted_name

_FORMAT = "spark.sql.sources.default"
_OVERWRITE_MODE = "spark.sql.sources.partitionOverwriteMode"
_AUTO_MERGE = "spark.databricks.delta.schema.autoMerge.enabled"
_DROPS = "the table has NOT NULL columns, with which Sail drops it"


class Writes:
    """Guards the writes of one client. ``shown`` are the paths of files that the views show which a write names."""

    def __init__(self, client: Any, names: Names, shown: Iterable[str]) -> None:
        self._client, self._names, self._shown = client, names, shown

    def guard(self, operation: Any) -> None:
        """Make a write right in place, or refuse it."""
        is_first = operation.DESCRIPTOR.name == "WriteOperation"
        if is_first and not operation.source:
            operation.source = default_format(self._client)
        if not is_first and not operation.provider:
            operation.provider = default_format(self._client)
        self._names.refuse_kept(written_table(operation, self._names), "the write to this name")
        overwrites = operation.mode == operation.SAVE_MODE_OVERWRITE if is_first else operation.mode == operation.MODE_OVERWRITE_PARTITIONS
        if overwrites and dynamic_overwrite(operation.options, self._client) or (not is_first and overwrites):
            raise refused("partitionOverwriteMode=dynamic", "Sail deletes all other partitions")
        format_ = (operation.source if is_first else operation.provider).lower()
        if _makes_a_table(operation):
            name = next(iter(names_in(written_name(operation))), [])
            self._names.refuse_new(name)
            self._names.refuse_spelling(name, "the write to")
            self._names.refuse_making(written_table(operation, self._names), format_)
        elif format_ != "delta" and self._names_a_table(operation):  # whose format counts, not the one of tables that are made
            format_ = "delta"
            setattr(operation, "source" if is_first else "provider", format_)
        if format_ != "delta":
            guard_files(operation, format_, self._schema(operation.input), self._any)
            if is_first and operation.path:
                refuse_overwritten(operation, self._shown)
                operation.path = plain(operation.path)
            self._refuse_null_partitions(operation)
            return
        refuse_elsewhere(operation)
        if is_first and operation.path:
            operation.path = ready(plain(operation.path))
        ready(place_said(operation))
        self._begin_anew(path_of(operation, self._names))
        self._mark(operation)
        target = target_of(operation, self._names, self._client)
        if target is not None and _goes_by_place(operation):
            self._name_as_there(operation, target)
        self._refuse_rows_outside(operation, target)
        if target is not None and target.read.HasField("data_source"):
            guard_rules(operation, target.read.data_source.paths[0], overwrites, self._any)
        self._compare(operation, is_first, target)
        self._without_empty_partitions(operation, target)
        self._with_nulls(operation)

    def _begin_anew(self, folder: str) -> None:
        """Let a table be made where another's first write was cut off."""
        if folder and not state_of(folder) and not without_begun_log(folder):
            why = "its log has files and no commit, as a first write leaves it that was cut off; DROP TABLE IF EXISTS moves it to the trash"
            raise refused(f"the write to {real(folder)}", why)

    def _names_a_table(self, operation: Any) -> bool:
        """Whether a write names a Delta table that is there."""
        target = target_of(operation, self._names, self._client) if written_name(operation) else None
        return target is not None and target.read.HasField("data_source")

    def _mark(self, operation: Any) -> None:
        """The run's mark, which Delta keeps with the commit."""
        if not any(name.lower() == "usermetadata" for name in operation.options):
            mark = setting(self._client, COMMIT_SETTING)
            if mark:
                operation.options["userMetadata"] = mark

    def _schema(self, relation: Any) -> Any:
        from pyspark.sql.connect import proto

        return self._client._analyze(method="schema", plan=proto.Plan(root=relation)).schema

    def _with_nulls(self, operation: Any) -> None:
        """Put an empty frame whose columns take nulls before the rows: the columns of both then do."""
        schema = self._schema(operation.input)
        if not takes_no_null(schema):
            return
        from pyspark.sql.connect import proto

        rows = proto.Relation()
        rows.CopyFrom(operation.input)
        united = proto.Relation()
        united.set_op.left_input.CopyFrom(empty(nullable(schema), self._client))
        united.set_op.right_input.CopyFrom(rows)
        united.set_op.set_op_type = proto.SetOperation.SET_OP_TYPE_UNION
        united.set_op.is_all, united.set_op.by_name = True, False
        operation.input.CopyFrom(united)

    def _any(self, relation: Any, condition: str) -> bool:
        """Whether a row of ``relation`` meets ``condition``."""
        from pyspark.sql.connect import proto

        found = proto.Relation()
        found.limit.limit = 1
        found.limit.input.filter.input.CopyFrom(relation)
        found.limit.input.filter.condition.expression_string.expression = condition
        table, *_ = self._client.to_table(proto.Plan(root=found), {})
        return bool(table.num_rows)

    def _refuse_null_partitions(self, operation: Any) -> None:
        """Of files other than Delta's: Sail gives their null partitions another value."""
        for name in _partitioning(operation):
            if self._any(operation.input, f"{quoted_name(name)} IS NULL OR CAST({quoted_name(name)} AS STRING) = ''"):
                raise refused(f"a null in the partition column {name}", "Sail stores another value for it")

    def _without_empty_partitions(self, operation: Any, target: Any) -> None:
        """An empty text in a partition column is null, as in Spark: engines do not agree on what they read of one."""
        from pyspark.sql.connect import proto

        path = target.read.data_source.paths[0] if target is not None and target.read.HasField("data_source") else ""
        names = {name.lower() for name in _partitioning(operation) or (partitions_of(path) if path else [])}
        schema = self._schema(operation.input) if names else None
        if schema is not None and target is None:
            tell_order(_partitioning(operation), schema)
        for field in schema.fields if schema is not None else ():
            if field.name.lower() in names and field.dataType.typeName() == "binary":
                raise refused(f"the partition column {field.name} of bytes", "Sail stores another value for it")
        columns = [
            field.name
            for field in (schema.fields if schema is not None else ())
            if field.name.lower() in names and field.dataType.typeName() == "string"
        ]
        if columns:
            changed = proto.Relation()
            changed.with_columns.input.CopyFrom(operation.input)
            for column in columns:
                alias = changed.with_columns.aliases.add()
                alias.name.append(column)
                alias.expr.expression_string.expression = f"nullif({quoted_name(column)}, '')"
            operation.input.CopyFrom(changed)

    def _name_as_there(self, operation: Any, table: Any) -> None:
        """Give the columns of a write that goes by their places the names that the table's have, as which all else looks at them."""
        given, there = self._schema(operation.input).names, self._schema(table).names
        if len(given) == len(there) and given != there:
            _rename(operation, there)

    def _refuse_rows_outside(self, operation: Any, target: Any) -> None:
        if operation.DESCRIPTOR.name == "WriteOperationV2":
            if operation.mode == operation.MODE_OVERWRITE:
                raise refused("overwrite(condition)", "Sail does not keep to the condition; mode('overwrite') with replaceWhere works")
            return
        condition = next((value for key, value in operation.options.items() if key.lower() == "replacewhere"), "")
        if condition and self._any(operation.input, f"NOT coalesce(({condition}), false)"):
            raise refused(f"replaceWhere with rows that do not meet {condition}", "Sail writes them")
        if condition and operation.HasField("table"):
            if target is None or not target.read.HasField("data_source"):
                raise refused("replaceWhere by name", "Sail replaces the whole table, and this one is not in the warehouse")
            operation.path = plain(target.read.data_source.paths[0])  # by name Sail replaces the whole table

    def _compare(self, operation: Any, is_first: bool, table: Any) -> None:
        """Refuse columns of another type than the table's, and further ones where Sail drops them."""
        options = {key.lower(): value.lower() for key, value in operation.options.items()}
        creates = (
            operation.mode in (operation.SAVE_MODE_ERROR_IF_EXISTS, operation.SAVE_MODE_IGNORE)
            if is_first
            else operation.mode in (operation.MODE_CREATE, operation.MODE_REPLACE, operation.MODE_CREATE_OR_REPLACE)
        )
        if table is None or creates or options.get("overwriteschema") == "true":
            return
        there, given = self._schema(table), self._schema(operation.input)
        merges, strict = merges_schema(options, self._client), takes_no_null(there)
        if _goes_by_place(operation):
            for field, known in zip(given.fields, there.fields):  # of another number Sail has an error
                _refuse_type(field, known, merges, strict)
                refuse_swapped(field, known)
            return
        stored = {field.name.lower(): field for field in there.fields}
        for field in given.fields:
            found = stored.get(field.name.lower())
            if found is not None and not strict and left_out(field.dataType, found.dataType):
                operation.options["mergeSchema"] = "true"  # which leaves the table's columns as they are, and the fields null
            elif found is not None:
                _refuse_type(field, found, merges, strict)
            elif strict or not merges:
                why = _DROPS if merges else "the table has no such column, and mergeSchema is not set"
                raise refused(f"the column {field.name}", why)
        names = [stored[name.lower()].name if name.lower() in stored else name for name in given.names]
        if names != given.names:
            _rename(operation, names)


def tell_order(partitions: Sequence[str], schema: Any) -> None:
    """Say of a table that is made with these partitions that its columns stand in another order than Spark gives them."""
    last = [name.lower() for name in partitions]
    if last and [name.lower() for name in schema.names[-len(last) :]] != last:
        told = f"Sail puts the columns of partitions ({', '.join(last)}) behind all others: statements that go by position must heed it"
        warnings.warn(told, stacklevel=2)


def _goes_by_place(operation: Any) -> bool:
    """Whether a write, ``insertInto``, puts each column where it stands, whatever its name is."""
    return bool(
        operation.DESCRIPTOR.name == "WriteOperation"
        and operation.HasField("table")
        and operation.table.save_method == operation.table.TABLE_SAVE_METHOD_INSERT_INTO
    )


def _makes_a_table(operation: Any) -> bool:
    """Whether a write makes the table that it names, where there is none."""
    if operation.DESCRIPTOR.name == "WriteOperation":
        return operation.HasField("table") and not _goes_by_place(operation)
    return operation.mode in (operation.MODE_CREATE, operation.MODE_REPLACE, operation.MODE_CREATE_OR_REPLACE)


def _refuse_type(given: Any, stored: Any, merges: bool, strict: bool) -> None:
    """Raise where values of one column would not fit into that of the table."""
    if not fits(given.dataType, stored.dataType, merges):
        kind, wanted = given.dataType.simpleString(), stored.dataType.simpleString()
        raise refused(f"writing {stored.name} as {kind}", f"it is {wanted} in the table, and Sail changes values that do not fit")
    if strict and adds_fields(given.dataType, stored.dataType):
        raise refused(f"a further field within {stored.name}", _DROPS)


def _rename(operation: Any, names: Sequence[str]) -> None:
    """Spell columns as the table does: Sail takes another case for another column, after which nobody can read the table."""
    from pyspark.sql.connect import proto

    renamed = proto.Relation()
    renamed.to_df.input.CopyFrom(operation.input)
    renamed.to_df.column_names.extend(names)
    operation.input.CopyFrom(renamed)


def _partitioning(operation: Any) -> list[str]:
    """The columns by which a write is said to be partitioned."""
    columns = operation.partitioning_columns
    names = (column if isinstance(column, str) else column.unresolved_attribute.unparsed_identifier for column in columns)
    return [name.strip("`") for name in names if name]


def default_format(client: Any) -> str:
    """The format of tables and files where none is said."""
    return setting(client, _FORMAT) or "parquet"


def dynamic_overwrite(options: Mapping[str, str], client: Any) -> bool:
    """Whether only those partitions were to be replaced that the rows are in."""
    given = next((value for key, value in options.items() if key.lower() == "partitionoverwritemode"), None)
    return (given if given is not None else setting(client, _OVERWRITE_MODE)).lower() == "dynamic"


def merges_schema(options: Mapping[str, str], client: Any) -> bool:
    """Whether columns that the table lacks are to be added to it. ``options`` has lower keys."""
    return options.get("mergeschema") == "true" or setting(client, _AUTO_MERGE).lower() == "true"


def setting(client: Any, name: str) -> str:
    """A setting of the session; empty where it has none."""
    (value,) = client.get_config_with_defaults((name, ""))
    return value or ""


def nullable_query(query: str, schema: Any) -> str:
    """``query``, whose columns are those of ``schema``, with columns that take nulls."""
    if not takes_no_null(schema):
        return query
    columns = ", ".join(f"CAST(NULL AS {field.dataType.simpleString()}) AS {quoted_name(field.name)}" for field in schema.fields)
    # a condition that Sail cannot answer beforehand: it leaves out what is surely empty, and what that says of nulls
    return f"SELECT {columns} FROM (SELECT 1) WHERE rand() > 2 UNION ALL ({query})"
