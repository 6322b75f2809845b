"""SQL statements on Sail: what is refused, what is done on the folders, and what is said in other words."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from nbflow.core.exchange import COMMIT_SETTING
from nbflow.surface.inside.sail.assignments import in_the_zone
from nbflow.surface.inside.sail.changes import Changes, query_at
from nbflow.surface.inside.sail.commits import changed_by, changed_name, noting
from nbflow.surface.inside.sail.describe import described, quoted_text, shown_columns
from nbflow.surface.inside.sail.directories import written_directory
from nbflow.surface.inside.sail.inserts import inserted, schema_of
from nbflow.surface.inside.sail.names import Names, names_in
from nbflow.surface.inside.sail.places import is_elsewhere
from nbflow.surface.inside.sail.reads import read_in_zone
from nbflow.surface.inside.sail.refusals import refused
from nbflow.surface.inside.sail.rules import refuse_rules
from nbflow.surface.inside.sail.settings import ZONE, is_utc, settled
from nbflow.surface.inside.sail.targets import named_place, refused_there
from nbflow.surface.inside.sail.travel import by_version
from nbflow.surface.inside.sail.views import Views
from nbflow.surface.inside.sail.writes import (
    Writes,
    default_format,
    dynamic_overwrite,
    merges_schema,
    nullable_query,
    setting,
    tell_order,
)
from nbflow.surface.inside.statements import name_at, tokens_of, unquoted

_NOTHING = "SELECT 1 AS nothing LIMIT 0"
_UNKNOWN = ("OPTIMIZE", "VACUUM", "RESTORE", "FSCK", "TRUNCATE", "REFRESH", "COMMENT")
_SCHEMA = ("SCHEMA", "DATABASE", "NAMESPACE")


class Statement:
    """The statement of one command; changes are written into the command itself."""

    def __init__(self, command: Any, names: Names, client: Any, views: Views) -> None:
        self._names, self._client, self._views = names, client, views
        self._source = command.sql_command.input.sql if command.sql_command.HasField("input") else command.sql_command
        self._in_query = command.sql_command.HasField("input")
        if self._in_query and not self._source.query:
            self._source = next((each for each in _queries(command.sql_command.input) if each.query), self._source)
        zone = setting(client, ZONE)
        self.text = by_version(self.text, names, views, zone or "UTC")
        if not is_utc(zone):
            self.text = read_in_zone(self.text, names, views)
        self._tokens = [token for token in tokens_of(self.text) if token.text != ";"]
        self._words = [token.word for token in self._tokens]
        self._changes = Changes(self.text, self._tokens, names, self.parameters)

    @property
    def text(self) -> str:
        """The statement."""
        return str(self._source.query if self._in_query else self._source.sql)

    @text.setter
    def text(self, text: str) -> None:
        if self._in_query:
            self._source.query = text
        else:
            self._source.sql = text

    @property
    def parameters(self) -> dict[str, str]:
        """The texts among the parameters by name."""
        given = {name: value.literal.string for name, value in self._source.named_arguments.items() if value.literal.HasField("string")}
        return given or {name: value.string for name, value in self._source.args.items() if value.HasField("string")}

    @property
    def dropped_view(self) -> str:
        """The name of the view that the statement drops; empty where it drops none."""
        at = 4 if self._words[2:4] == ["IF", "EXISTS"] else 2
        parts, _ = name_at(self._tokens[at:]) if self._words[:2] == ["DROP", "VIEW"] else ([], None)
        return ".".join(parts)

    def names_spelled(self) -> Iterator[str]:
        """Names that stand in texts: ``IDENTIFIER('schema.table')``, ``IDENTIFIER(:name)``."""
        if "IDENTIFIER" in self._words:
            yield from self.parameters.values()
            yield from (unquoted(token) for token in self._tokens if token.kind == "text")

    def guard(self) -> None:
        """Refuse, change or do the statement before it is sent."""
        words = self._words
        if words[:1] == ["SHOW"] or words[:2] in (["DROP", each] for each in _SCHEMA):
            self._names.mention_all()
        self._refuse()
        refuse_rules(words, *changed_by(self._tokens, self._names))
        self._changes.check(default_format(self._client).lower())
        if words[:1] == ["DROP"] and "IDENTIFIER" in words:
            self.text = self._changes.spelled() or self.text
            self._source.ClearField("named_arguments")  # which Sail takes in queries only
            self._source.ClearField("args")
        if words[:2] == ["ALTER", "TABLE"] and "RENAME" in words and words[words.index("RENAME") + 1 :][:1] == ["TO"]:
            self._rename()
        elif words[:1] == ["USE"] and words[1:2] and words[1] not in (*_SCHEMA, "CATALOG"):
            self.text = f"USE SCHEMA {self.text[self._tokens[1].start :]}"  # Sail does not know the short form
        elif words[:1] in (["CREATE"], ["REPLACE"]) and "TABLE" in words[:4]:
            self._create_table()
        elif words[:1] == ["INSERT"] and not self._has_parameters():
            self._insert()
        elif words[:1] in (["UPDATE"], ["DELETE"], ["MERGE"]) and not self._has_parameters():  # with which Sail refuses it
            if not is_utc(setting(self._client, ZONE)):
                self.text = in_the_zone(self.text, self._tokens, self._names, self._client)
        elif words[:1] in (["DESCRIBE"], ["DESC"]):
            self.text = described(self._tokens, self._names, self._client) or self.text
        elif words[:2] == ["SHOW", "COLUMNS"]:
            self.text = shown_columns(self._tokens, self._names, self._client) or self.text
        elif words[:1] in (["SET"], ["RESET"]):
            self.text = settled(self.text[self._tokens[0].start :], self._client) or self.text

    def _has_parameters(self) -> bool:
        return any(len(getattr(self._source, name)) for name in ("args", "pos_args", "named_arguments", "pos_arguments"))

    def _refuse(self) -> None:
        words = self._words
        if words[:2] in (["DESCRIBE", "HISTORY"], ["DESC", "HISTORY"]):
            raise refused("DESCRIBE HISTORY", "Sail does not know it ('nbflow tables history' shows the same)")
        if words[:2] in (["DESCRIBE", "DETAIL"], ["DESC", "DETAIL"]):
            raise refused("DESCRIBE DETAIL", "Sail does not know it ('nbflow tables show' shows much of it)")
        if words[:1] and words[0] in _UNKNOWN:
            raise refused(words[0], "Sail does not know it")
        changed = named_place(changed_name(self._tokens)[0])
        if is_elsewhere(changed):
            raise refused_there(f"{words[0]} of {changed}")
        if words[:1] in (["CREATE"], ["ALTER"], ["REPLACE"]) and {"VARCHAR", "CHAR"} & set(words):
            raise refused("VARCHAR and CHAR in a table", "Sail does not check their lengths; STRING works")
        if words[:1] in (["CREATE"], ["ALTER"], ["REPLACE"]) and any("delta.constraints." in token.text.lower() for token in self._tokens):
            raise refused("a constraint in the properties of a table", "Sail does not check it; ALTER TABLE … ADD CONSTRAINT works")
        if words[:2] == ["MERGE", "INTO"] and merges_schema({}, self._client):
            raise refused(
                "MERGE with schema.autoMerge", "Sail leaves out the source's new columns; MERGE WITH SCHEMA EVOLUTION INTO adds them"
            )
        if words[:1] == ["INSERT"] and any(pair == ("REPLACE", "WHERE") for pair in zip(words, words[1:])):
            raise refused("INSERT … REPLACE WHERE", "Sail writes rows that do not meet the condition; the option replaceWhere works")
        if words[:2] == ["INSERT", "OVERWRITE"] and dynamic_overwrite({}, self._client):
            raise refused("INSERT OVERWRITE with partitionOverwriteMode=dynamic", "Sail deletes all other partitions")

    def _rename(self) -> None:
        """A table is renamed by its folder."""
        at = self._words.index("RENAME")
        old, _ = name_at(self._tokens[2:at])
        new, _ = name_at(self._tokens[at + 2 :])
        one, other = self._names.table(old), self._names.table(new if len(new) > 1 else [*old[:-1], *new])
        if one is None or other is None:
            raise refused("ALTER TABLE … RENAME", "only tables of the warehouse can be renamed")
        self._names.refuse_kept(other, f"RENAME TO {'.'.join(new)}")
        try:
            self._names.renamed(one, other)
        except ValueError as error:
            from pyspark.errors.exceptions.connect import AnalysisException

            raise AnalysisException(str(error)) from None
        self.text = _NOTHING

    def _insert(self) -> None:
        """``INSERT``, into a table or as files."""
        write = written_directory(self.text, self._tokens)
        if write is None:
            self.text = inserted(self.text, self._tokens, self._names, self._client)
            return
        from pyspark.sql.connect import proto

        Writes(self._client, self._names, self._views.files(names_in(self.text))).guard(write)
        self._client.execute_command(proto.Command(write_operation=write))
        self.text = _NOTHING

    def _create_table(self) -> None:
        """``CREATE TABLE``, with the run's mark; ``… [AS] query`` with columns that take nulls, as Spark's do."""
        mark = setting(self._client, COMMIT_SETTING)
        options = "" if "OPTIONS" in self._words or not mark else f" OPTIONS (userMetadata {quoted_text(mark)})"
        at = query_at(self._tokens)
        if at == len(self._tokens):
            return
        start = self._tokens[at].start
        query = self.text[self._tokens[at].end if self._words[at] == "AS" else start :].strip().rstrip(";")
        schema = schema_of(query, self._client)
        tell_order(self._partitions(), schema)
        self.text = f"{self.text[:start].rstrip()}{options} AS {nullable_query(query, schema)}"

    def _partitions(self) -> list[str]:
        """The columns that a new table is said to be partitioned by."""
        at = next((index for index, pair in enumerate(zip(self._words, self._words[1:])) if pair == ("PARTITIONED", "BY")), None)
        listed = [] if at is None else self._tokens[at + 3 :]
        closing = next((index for index, token in enumerate(listed) if token.text == ")"), 0)
        return [unquoted(token) for token in listed[:closing] if token.text != ","]

    def noting(self) -> contextlib.AbstractContextManager[None]:
        """What holds while the statement is executed, so that the run knows of the commit that it makes."""
        return noting(*changed_by(self._tokens, self._names))

    def follow(self) -> None:
        """Do what has to follow the statement, which has succeeded."""
        words = self._words
        if words[:1] == ["USE"]:
            rest = self._tokens[2:] if words[1:2] and words[1] in _SCHEMA else self._tokens[1:]
            parts, _ = name_at(rest)
            if parts:
                self._names.current = parts[-1].lower()
        self._changes.follow()


def _queries(message: Any) -> Iterator[Any]:
    if message.DESCRIPTOR.name == "SQL":
        yield message
    for field, value in message.ListFields():
        if field.message_type is not None and not field.message_type.GetOptions().map_entry:
            for item in [value] if hasattr(value, "ListFields") else value:
                yield from _queries(item)
