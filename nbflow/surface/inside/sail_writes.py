"""Writes on Sail: columns take nulls as Spark's do, and what would lose or change stored data in silence is refused."""

from __future__ import annotations

import inspect
import json
import os
from collections.abc import Mapping
from typing import Any

from nbflow.core.exchange import COMMIT_SETTING
from nbflow.surface.inside.sail_names import Names, names_in
from nbflow.surface.inside.sail_places import plain
from nbflow.surface.inside.sail_refusals import refused

_OVERWRITE_MODE = "spark.sql.sources.partitionOverwriteMode"
_AUTO_MERGE = "spark.databricks.delta.schema.autoMerge.enabled"
_WIDER = {
    "byte": ("short", "integer", "long"), "short": ("integer", "long"), "integer": ("long",), "float": ("double",),
}  # fmt: skip


class Writes:
    """Guards the writes of one client."""

    def __init__(self, client: Any, names: Names) -> None:
        self._client, self._names = client, names

    def guard(self, operation: Any) -> None:
        """Make a write right in place, or refuse it."""
        is_first = operation.DESCRIPTOR.name == "WriteOperation"
        if is_first and not operation.source:
            operation.source = "delta"
        if not is_first and not operation.provider:
            operation.provider = "delta"
        overwrites = operation.mode == operation.SAVE_MODE_OVERWRITE if is_first else operation.mode == operation.MODE_OVERWRITE_PARTITIONS
        if overwrites and dynamic_overwrite(operation.options, self._client) or (not is_first and overwrites):
            raise refused("partitionOverwriteMode=dynamic", "Sail deletes all other partitions")
        if (operation.source if is_first else operation.provider).lower() != "delta":
            if is_first and operation.path:
                operation.path = plain(operation.path)
            self._refuse_null_partitions(operation)
            return
        if is_first and operation.path:
            operation.path = plain(operation.path)
        self._mark(operation)
        self._refuse_null_partitions(operation)
        self._refuse_rows_outside(operation)
        self._compare(operation, is_first)
        self._with_nulls(operation)

    def _mark(self, operation: Any) -> None:
        """The run's mark, which Delta keeps with the commit."""
        if not any(name.lower() == "usermetadata" for name in operation.options):
            mark = _setting(self._client, COMMIT_SETTING)
            if mark:
                operation.options["userMetadata"] = mark

    def _schema(self, relation: Any) -> Any:
        from pyspark.sql.connect import proto

        return self._client._analyze(method="schema", plan=proto.Plan(root=relation)).schema

    def _with_nulls(self, operation: Any) -> None:
        """Put an empty frame whose columns take nulls before the rows: the columns of both then do."""
        schema = self._schema(operation.input)
        if not takes_no_null(json.loads(schema.json())):
            return
        from pyspark.sql.connect import proto

        rows = proto.Relation()
        rows.CopyFrom(operation.input)
        united = proto.Relation()
        united.set_op.left_input.CopyFrom(_empty(nullable(schema), self._client))
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
        columns = list(operation.partitioning_columns)
        for column in columns:
            name = column if isinstance(column, str) else column.unresolved_attribute.unparsed_identifier
            quoted = "`" + name.strip("`").replace("`", "``") + "`"
            if name and self._any(operation.input, f"{quoted} IS NULL OR CAST({quoted} AS STRING) = ''"):
                raise refused(f"a null in the partition column {name}", "Sail stores another value for it")

    def _refuse_rows_outside(self, operation: Any) -> None:
        if operation.DESCRIPTOR.name == "WriteOperationV2":
            if operation.mode == operation.MODE_OVERWRITE:
                raise refused("overwrite(condition)", "Sail does not keep to the condition; mode('overwrite') with replaceWhere works")
            return
        condition = next((value for key, value in operation.options.items() if key.lower() == "replacewhere"), "")
        if condition and self._any(operation.input, f"NOT coalesce(({condition}), false)"):
            raise refused(f"replaceWhere with rows that do not meet {condition}", "Sail writes them")
        if condition and operation.HasField("table"):
            target = self._target(operation, is_first=True)
            if target is None:
                raise refused("replaceWhere by name", "Sail replaces the whole table, and this one is not in the warehouse")
            operation.path = target.read.data_source.paths[0]  # by name Sail replaces the whole table

    def _compare(self, operation: Any, is_first: bool) -> None:
        """Refuse columns of another type than the table's, and further ones where Sail drops them."""
        options = {key.lower(): value.lower() for key, value in operation.options.items()}
        table = self._target(operation, is_first)
        creates = (
            operation.mode in (operation.SAVE_MODE_ERROR_IF_EXISTS, operation.SAVE_MODE_IGNORE)
            if is_first
            else operation.mode in (operation.MODE_CREATE, operation.MODE_REPLACE, operation.MODE_CREATE_OR_REPLACE)
        )
        if table is None or creates or options.get("overwriteschema") == "true":
            return
        stored = {field.name.lower(): field for field in self._schema(table).fields}
        strict = takes_no_null(json.loads(self._schema(table).json()))
        merges = merges_schema(options, self._client)
        for field in self._schema(operation.input).fields:
            known = stored.get(field.name.lower())
            if known is None and (strict or not merges):
                why = (
                    "the table has NOT NULL columns, with which Sail drops it"
                    if merges
                    else "the table has no such column, and mergeSchema is not set"
                )
                raise refused(f"the column {field.name}", why)
            if known is not None and not _fits(field.dataType, known.dataType):
                given, wanted = field.dataType.simpleString(), known.dataType.simpleString()
                raise refused(f"writing {field.name} as {given}", f"it is {wanted} in the table, and Sail changes values that do not fit")

    def _target(self, operation: Any, is_first: bool) -> Any:
        """A reader of the table that is written to; ``None`` where it is not there yet."""
        from pyspark.sql.connect import proto

        relation = proto.Relation()
        if is_first and operation.path:
            if not os.path.isdir(os.path.join(operation.path, "_delta_log")):
                return None
            relation.read.data_source.format = "delta"
            relation.read.data_source.paths.append(operation.path)
            return relation
        name = operation.table.table_name if is_first else operation.table_name
        parts = names_in(name)
        table = self._names.table(parts[0]) if parts else None
        if table is None or not os.path.isdir(os.path.join(self._names.folder(table), "_delta_log")):
            return None
        relation.read.data_source.format = "delta"
        relation.read.data_source.paths.append(self._names.folder(table))
        return relation


def dynamic_overwrite(options: Mapping[str, str], client: Any) -> bool:
    """Whether only those partitions were to be replaced that the rows are in."""
    given = next((value for key, value in options.items() if key.lower() == "partitionoverwritemode"), None)
    return (given if given is not None else _setting(client, _OVERWRITE_MODE)).lower() == "dynamic"


def merges_schema(options: Mapping[str, str], client: Any) -> bool:
    """Whether columns that the table lacks are to be added to it. ``options`` has lower keys."""
    return options.get("mergeschema") == "true" or _setting(client, _AUTO_MERGE).lower() == "true"


def _setting(client: Any, name: str) -> str:
    (value,) = client.get_config_with_defaults((name, ""))
    return value or ""


def _fits(given: Any, stored: Any) -> bool:
    one, other = _plain(given), _plain(stored)
    if one == other or other in _WIDER.get(str(one), ()) or one == "void":
        return True
    if given.typeName() == stored.typeName() == "decimal":
        return bool(stored.scale >= given.scale and stored.precision - stored.scale >= given.precision - given.scale)
    return False


def _plain(kind: Any) -> Any:
    """A type as JSON without what it says of nulls."""
    text = json.loads(kind.json())
    return text if isinstance(text, str) else json.dumps(_all_nullable(text), sort_keys=True)


def takes_no_null(schema: Any) -> bool:
    """Whether a column, or something in one, takes no null."""
    if isinstance(schema, dict):
        return any(schema.get(key) is False for key in ("nullable", "containsNull", "valueContainsNull")) or any(
            takes_no_null(value) for key, value in schema.items() if key != "metadata"
        )
    return isinstance(schema, list) and any(map(takes_no_null, schema))


def _all_nullable(schema: Any) -> Any:
    if isinstance(schema, dict):
        return {
            key: True if key in ("nullable", "containsNull", "valueContainsNull") else value if key == "metadata" else _all_nullable(value)
            for key, value in schema.items()
        }
    return [_all_nullable(item) for item in schema] if isinstance(schema, list) else schema


def nullable(schema: Any) -> Any:
    """``schema`` with columns that take nulls, and what is in them as well."""
    return type(schema).fromJson(_all_nullable(json.loads(schema.json())))


def _empty(schema: Any, client: Any) -> Any:
    """A frame without rows."""
    import pyarrow
    from pyspark.sql.connect.plan import LocalRelation
    from pyspark.sql.pandas.types import to_arrow_schema

    zone = {"timezone": "UTC"} if "timezone" in inspect.signature(to_arrow_schema).parameters else {}  # older ones take UTC
    table = pyarrow.Table.from_batches([], schema=to_arrow_schema(schema, **zone))
    return LocalRelation(table, schema.json()).plan(client)


def nullable_query(query: str, client: Any) -> str:
    """``query`` with columns that take nulls."""
    from pyspark.sql.connect import proto

    plan = proto.Plan()
    plan.root.sql.query = query
    schema = client._analyze(method="schema", plan=plan).schema
    if not takes_no_null(json.loads(schema.json())):
        return query
    columns = ", ".join(f"CAST(NULL AS {field.dataType.simpleString()}) AS `{field.name.replace('`', '``')}`" for field in schema.fields)
    # a condition that Sail cannot answer beforehand: it leaves out what is surely empty, and what that says of nulls
    return f"SELECT {columns} FROM (SELECT 1) WHERE rand() > 2 UNION ALL ({query})"
