"""What most notebooks do, as statements: the classes of an archive are taken from it, and an idle driver rehearses it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_STATEMENTS = (
    "create table {one} (a int, b string, c double, d timestamp, e decimal(12,2)) using delta partitioned by (b)",
    "insert into {one} select id, cast(id % 3 as string), id / 7, timestamp'2026-01-01', id / 3 from range(1000)",
    "create or replace table {other} using delta as select b, count(*) n, count(distinct a) m, sum(c) s, max(e) e from {one} group by b",
    "merge into {other} u using {other} v on u.b = v.b when matched then update set n = v.n when not matched then insert *",
    "update {other} set n = n + 1 where n > 1",
    "delete from {other} where b = '0'",
    "insert into {other} replace where b = '1' select b, n, m, s, e from {other} where b = '1'",
    "insert overwrite {one} select a, b, c, d, e from {one} where a < 500",
    "create temp view joined as select a, d, s, row_number() over (partition by b order by a) r from {one} join {other} using (b)",
    "select to_date(d) day, sum(s), avg(a) from joined where r < 100 group by 1 order by 1",
    "describe history {other}",
    "insert overwrite directory '{folder}/csv' using csv options (header 'true') select a, b, e, d from {one}",
    "create temp view read using csv options (path '{folder}/csv', header 'true', inferSchema 'true')",
    "create temp view lines as select split(value, ',') parts, lower(trim(value)) line from text.`{folder}/csv`",
    "cache table rows as select *, case when line rlike '^[0-9]' then try_cast(parts[2] as decimal(12,2)) end price from lines",
    "create temp view typed as select *, try_to_timestamp(parts[3], 'yyyy-MM-dd') at, md5(line) id from rows",
    "create temp view ranked as select *, row_number() over (partition by id order by at, line) r from typed where price > 0",
    "create or replace table {one} using delta as select line, price, at, r from ranked where r = 1",
    "select count(*), count(price), count(distinct line) from rows",
    "select parts[1], count(*) n from rows group by 1 order by n desc, 1 limit 10",
    "uncache table rows",
    "select a, count(*) from read group by a order by a limit 20",
)


@dataclass(frozen=True, slots=True)
class Work:
    """Statements, in their order, and where the tables lie that they make."""

    statements: Sequence[str]
    tables: Sequence[Path]


def usual_statements(one: str, other: str, folder: Path) -> Sequence[str]:
    """Statements that make and change the tables ``one`` and ``other``, and write and read files in ``folder``. None of them may be there, and
    the session has no views."""
    return [statement.format(one=one, other=other, folder=folder) for statement in _STATEMENTS]


def usual_work(folder: Path) -> Work:
    """What makes tables and files in ``folder``, which is not there, and no name but temporary ones of its session."""
    tables = (folder / "one", folder / "other")
    one, other = (f"delta.`{table}`" for table in tables)
    return Work(usual_statements(one, other, folder), tables)
