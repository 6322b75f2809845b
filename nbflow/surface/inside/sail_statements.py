"""SQL statements on Sail: what is refused, what is done on the folders, and what a drop has to be followed by."""

from __future__ import annotations

from typing import Any

from nbflow.surface.inside.sail_names import Names, Table
from nbflow.surface.inside.sail_refusals import refused
from nbflow.surface.inside.sail_writes import dynamic_overwrite, merges_schema, nullable_query
from nbflow.surface.inside.statements import name_at, tokens_of

_NOTHING = "SELECT 1 AS nothing LIMIT 0"
_SCHEMA = ("SCHEMA", "DATABASE", "NAMESPACE")


class Statement:
    """The statement of one command; changes are written into the command itself."""

    def __init__(self, command: Any) -> None:
        self._command = command
        self._source = command.sql_command.input.sql if command.sql_command.HasField("input") else command.sql_command
        self._in_query = command.sql_command.HasField("input")
        if self._in_query and not self._source.query:
            self._source = next((each for each in _queries(command.sql_command.input) if each.query), self._source)
        self._tokens = [token for token in tokens_of(self.text) if token.text != ";"]
        self._words = [token.word for token in self._tokens]

    @classmethod
    def of(cls, command: Any) -> Statement | None:
        """The statement of ``command``; ``None`` where it is another command."""
        return cls(command) if command.HasField("sql_command") else None

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

    def guard(self, names: Names, client: Any) -> None:
        """Refuse, change or do the statement before it is sent."""
        words = self._words
        if words[:1] == ["SHOW"] or words[:2] in (["DROP", each] for each in _SCHEMA):
            names.mention_all()
        self._refuse(client)
        if words[:2] == ["ALTER", "TABLE"] and "RENAME" in words and words[words.index("RENAME") + 1 :][:1] == ["TO"]:
            self._rename(names)
        elif words[:1] == ["USE"] and words[1:2] and words[1] not in (*_SCHEMA, "CATALOG"):
            self.text = f"USE SCHEMA {self.text[self._tokens[1].start :]}"  # Sail does not know the short form
        elif words[:1] == ["CREATE"] and "TABLE" in words[:4]:
            self._create_from_query(client)
        elif words[:1] in (["DESCRIBE"], ["DESC"]):
            self._describe(names, client)
        elif words[:2] == ["SHOW", "COLUMNS"]:
            self._show_columns(names, client)

    def _refuse(self, client: Any) -> None:
        words = self._words
        if words[:2] in (["DESCRIBE", "HISTORY"], ["DESC", "HISTORY"]):
            raise refused("DESCRIBE HISTORY", "Sail does not know it ('nbflow tables history' shows the same)")
        if words[:2] in (["DESCRIBE", "DETAIL"], ["DESC", "DETAIL"]):
            raise refused("DESCRIBE DETAIL", "Sail does not know it ('nbflow tables show' shows much of it)")
        if words[:1] in (["OPTIMIZE"], ["VACUUM"], ["RESTORE"], ["FSCK"]):
            raise refused(words[0], "Sail does not know it")
        if "TIMESTAMP" in words and words[words.index("TIMESTAMP") + 1 :][:2] == ["AS", "OF"]:
            raise refused("TIMESTAMP AS OF", "Sail accepts a time after the last version; VERSION AS OF works")
        if words[:1] in (["CREATE"], ["ALTER"], ["REPLACE"]) and {"VARCHAR", "CHAR"} & set(words):
            raise refused("VARCHAR and CHAR in a table", "Sail does not check their lengths; STRING works")
        if words[:2] == ["MERGE", "INTO"] and merges_schema({}, client):
            raise refused(
                "MERGE with schema.autoMerge", "Sail leaves out the source's new columns; MERGE WITH SCHEMA EVOLUTION INTO adds them"
            )
        if words[:2] == ["INSERT", "OVERWRITE"] and dynamic_overwrite({}, client):
            raise refused("INSERT OVERWRITE with partitionOverwriteMode=dynamic", "Sail deletes all other partitions")

    def _describe(self, names: Names, client: Any) -> None:
        """``DESCRIBE [TABLE] name``, from the table itself: of one that it did not make Sail's catalog has no columns."""
        rest = self._tokens[2 if self._words[1:2] == ["TABLE"] else 1 :]
        extended = bool(rest) and rest[0].word in ("EXTENDED", "FORMATTED")
        parts, last = name_at(rest[1:] if extended else rest)
        if last is None or names.table(parts) is None or (last is not rest[-1] and not extended):
            return
        if extended:
            raise refused("DESCRIBE EXTENDED", "Sail does not know it ('nbflow tables show' shows much of it)")
        rows = [[field.name, field.dataType.simpleString(), field.metadata.get("comment")] for field in _fields(parts, client)]
        listed = ", ".join(f"({', '.join(map(_text, row))})" for row in rows)
        self.text = f"SELECT * FROM VALUES {listed} AS t(col_name, data_type, comment)"

    def _show_columns(self, names: Names, client: Any) -> None:
        """``SHOW COLUMNS IN name``, in the same way."""
        parts, last = name_at(self._tokens[3:])
        if last is self._tokens[-1] and names.table(parts) is not None:
            rows = ", ".join(f"({_text(field.name)})" for field in _fields(parts, client))
            self.text = f"SELECT * FROM VALUES {rows} AS t(col_name)"

    def _rename(self, names: Names) -> None:
        """A table is renamed by its folder."""
        at = self._words.index("RENAME")
        old, _ = name_at(self._tokens[2:at])
        new, _ = name_at(self._tokens[at + 2 :])
        one, other = names.table(old), names.table(new if len(new) > 1 else [*old[:-1], *new])
        if one is None or other is None:
            raise refused("ALTER TABLE … RENAME", "only tables of the warehouse can be renamed")
        try:
            names.renamed(one, other)
        except ValueError as error:
            from pyspark.errors.exceptions.connect import AnalysisException

            raise AnalysisException(str(error)) from None
        self.text = _NOTHING

    def _create_from_query(self, client: Any) -> None:
        """``CREATE TABLE … AS query``, with columns that take nulls, as Spark's do."""
        depth = 0  # within brackets AS belongs to a generated column
        for index, token in enumerate(self._tokens):
            depth += (token.text == "(") - (token.text == ")")
            following = self._words[index + 1] if index + 1 < len(self._words) else ""
            opening = self._tokens[index + 1].text == "(" if index + 1 < len(self._tokens) else False
            if depth == 0 and token.word == "AS" and (following in ("SELECT", "WITH", "FROM", "VALUES", "TABLE") or opening):
                query = self.text[token.end :].strip().rstrip(";")
                self.text = f"{self.text[: token.end]} {nullable_query(query, client)}"
                return

    def follow(self, names: Names) -> None:
        """Do what has to follow the statement, which has succeeded."""
        words = self._words
        if words[:1] == ["USE"]:
            rest = self._tokens[2:] if words[1:2] and words[1] in _SCHEMA else self._tokens[1:]
            parts, _ = name_at(rest)
            if parts:
                names.current = parts[-1].lower()
        if words[:2] == ["DROP", "TABLE"]:
            table = self._dropped(names)
            if table is not None:
                names.dropped(table)
        elif words[:1] == ["DROP"] and words[1:2] and words[1] in _SCHEMA:
            parts, _ = name_at(self._tokens[4 if words[2:4] == ["IF", "EXISTS"] else 2 :])
            if parts:
                names.dropped_schema(parts[-1].lower())

    def _dropped(self, names: Names) -> Table | None:
        parts, _ = name_at(self._tokens[4 if self._words[2:4] == ["IF", "EXISTS"] else 2 :])
        return names.table(parts) if parts else None


def _fields(parts: list[str], client: Any) -> Any:
    """The columns of the table of this name, as they are now."""
    from pyspark.sql.connect import proto

    plan = proto.Plan()
    plan.root.sql.query = "SELECT * FROM " + ".".join("`" + part.replace("`", "``") + "`" for part in parts)
    return client._analyze(method="schema", plan=plan).schema.fields


def _text(value: str | None) -> str:
    return "CAST(NULL AS STRING)" if value is None else "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _queries(message: Any) -> Any:
    if message.DESCRIPTOR.name == "SQL":
        yield message
    for field, value in message.ListFields():
        if field.message_type is not None and not field.message_type.GetOptions().map_entry:
            for item in [value] if hasattr(value, "ListFields") else value:
                yield from _queries(item)
