"""MERGE of frames on Sail: what would leave columns out, or take times in UTC, is refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from nbflow.surface.inside.sail.columns import fields_of
from nbflow.surface.inside.sail.inserts import TIMES
from nbflow.surface.inside.sail.names import Names, names_in
from nbflow.surface.inside.sail.places import is_elsewhere
from nbflow.surface.inside.sail.refusals import refused
from nbflow.surface.inside.sail.rules import refuse_rules
from nbflow.surface.inside.sail.settings import ZONE, is_utc
from nbflow.surface.inside.sail.targets import named_place, refused_there
from nbflow.surface.inside.sail.writes import merges_schema, setting
from nbflow.surface.inside.statements import name_at, tokens_of

_ACTIONS = ("match_actions", "not_matched_actions", "not_matched_by_source_actions")


def guard_merge(merge: Any, names: Names, client: Any) -> None:
    """Raise one of PySpark's errors for a MERGE that would not do what it says."""
    if not merge.with_schema_evolution and merges_schema({}, client):
        raise refused("mergeInto with schema.autoMerge", "Sail leaves out the source's new columns; withSchemaEvolution() adds them")
    name = next(iter(names_in(merge.target_table_name)), [])
    if is_elsewhere(named_place(name)):
        raise refused_there(f"the MERGE into {named_place(name)}")
    folder = names.place(name)
    refuse_rules(["MERGE"], folder, "MERGE")
    if not folder or is_utc(setting(client, ZONE)):
        return
    from pyspark.sql.connect import proto

    ours = {field.name.lower(): field.dataType.typeName() for field in fields_of(name, client)}
    schema = client._analyze(method="schema", plan=proto.Plan(root=merge.source_table_plan)).schema
    theirs = {field.name.lower(): field.dataType.typeName() for field in schema.fields}
    for column in _taken_in_utc(merge, ours, theirs):
        zone = setting(client, ZONE)
        raise refused(
            f"mergeInto that casts, or chooses rows by, the time {column} in the zone {zone}", "Sail takes it in UTC; MERGE in SQL works"
        )


def _taken_in_utc(merge: Any, ours: Mapping[str, str], theirs: Mapping[str, str]) -> Iterator[str]:
    """The columns of times of which a MERGE does more than to copy them into a column of their own type."""
    times = {name for kinds in (ours, theirs) for name, kind in kinds.items() if kind in TIMES}
    yield from times & _mentioned(merge.merge_condition)
    for action in (each.merge_action for field in _ACTIONS for each in getattr(merge, field)):
        yield from times & _mentioned(action.condition)
        if action.action_type in (action.ACTION_TYPE_INSERT_STAR, action.ACTION_TYPE_UPDATE_STAR):
            yield from (name for name, kind in theirs.items() if name in ours and {kind, ours[name]} & set(TIMES) and kind != ours[name])
        for each in action.assignments:
            into, given = _last(each.key), _last(each.value)
            if not given:
                yield from ({into} if ours.get(into) in TIMES else set()) | times & _mentioned(each.value)
            elif ours.get(into) in TIMES and theirs.get(given, ours.get(given)) != ours[into]:
                yield into


def _last(expression: Any) -> str:
    """The column that an expression is, in lower case; empty where it is more than that."""
    text = expression.expression_string.expression or expression.unresolved_attribute.unparsed_identifier
    name, last = name_at(tokens := list(tokens_of(text)))
    return name[-1].lower() if last is not None and last is tokens[-1] else ""


def _mentioned(message: Any) -> set[str]:
    """The last parts of all names within an expression."""
    found = set()
    for field, value in message.ListFields():
        if field.name in ("unparsed_identifier", "expression"):
            found |= {name[-1].lower() for name in names_in(str(value))}
        elif field.message_type is not None and not field.message_type.GetOptions().map_entry:
            found |= {name for item in ([value] if hasattr(value, "ListFields") else value) for name in _mentioned(item)}
    return found
