"""The class-data archive of a driver: Java's picture of the classes that Spark and Delta load, which saves a third of its start.

It holds for one Java and one list of jars, lies beside the jars, and is made only when it is asked for: that takes the better part
of a minute and leaves some 200 MB.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import tempfile
import uuid
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from nbflow.core.errors import EngineError
from nbflow.core.results import ErrorKind
from nbflow.run.engines.conf import driver_options
from nbflow.run.engines.control import Control
from nbflow.run.engines.gateway import Gateway
from nbflow.run.engines.jars import jar_folder
from nbflow.run.engines.parts import Parts
from nbflow.run.processes import wait_gone

_DUMP_SECONDS = 180.0
_USUAL = (
    "create schema s",
    "create table s.t (a int, b string, c double, d timestamp) using delta partitioned by (b)",
    "insert into s.t select id, cast(id % 3 as string), id / 7, timestamp'2026-01-01' from range(100)",
    "create table s.u using delta as select b, count(*) n, sum(c) s from s.t group by b",
    "merge into s.u using s.u v on s.u.b = v.b when matched then update set n = v.n when not matched then insert *",
    "update s.u set n = n + 1 where n > 1",
    "delete from s.u where b = '0'",
    "create temp view v as select t.a, u.s, row_number() over (partition by t.b order by t.a) r from s.t join s.u using (b)",
    "select * from v order by r",
    "describe history s.u",
)
"""What most notebooks do: the classes that it takes are those that the archive holds."""


def archive_path(parts: Parts) -> Path:
    """Where the archive for this Java and these jars lies, if there is one."""
    java = parts.java.program.resolve()
    told = [str(java), str(java.stat().st_mtime_ns), *(f"{jar} {jar.stat().st_size}" for jar in parts.class_path)]
    return jar_folder(os.environ).parent / "archives" / f"{hashlib.sha256(os.linesep.join(told).encode()).hexdigest()[:32]}.jsa"


def archive_options(parts: Parts) -> tuple[str, ...]:
    """The options that make Java use the archive; none where there is none. Java itself ignores one that does not fit."""
    path = archive_path(parts)
    return (f"-XX:SharedArchiveFile={path}", "-Xlog:cds=off", "-Xlog:cds+dynamic=off") if path.is_file() else ()


async def make_archive(parts: Parts, statements: Sequence[str] = _USUAL) -> Path:
    """Make the archive by letting a driver of its own execute ``statements``, what most notebooks do. Returns its path.

    Raises ``EngineError`` where that fails; a former archive stays.
    """
    path = archive_path(parts)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".making-", dir=path.parent) as place:
            made = Path(place) / "classes.jsa"
            await _train(parts, Path(place), made, statements)
            os.replace(made, path)
    except OSError as error:
        raise EngineError(ErrorKind.ENGINE_START, f"the class-data archive cannot be kept in {path.parent}: {error}") from error
    return path


async def _train(parts: Parts, place: Path, made: Path, statements: Sequence[str]) -> None:
    gateway = Gateway(place, f"{uuid.uuid4().hex}-archive")
    options = driver_options({}, "1g", place / "warehouse", gateway.scratch, os.cpu_count() or 1)
    options = replace(options, java_options=(*options.java_options, f"-XX:ArchiveClassesAtExit={made}"))
    try:
        port, secret = await gateway.start(parts.java, options, parts.class_path)
        loop = asyncio.get_running_loop()
        control = await loop.run_in_executor(None, Control, port, secret)
        await loop.run_in_executor(None, control.begin, place / "warehouse")
        await loop.run_in_executor(None, control.execute, statements)
        control.close()
        gateway.close_input()
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(wait_gone(gateway.pid), _DUMP_SECONDS)
        if not made.is_file():
            raise EngineError(ErrorKind.ENGINE_START, "Java made no class-data archive", gateway.last_words())
    finally:
        await gateway.end()
