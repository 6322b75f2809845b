"""The class-data archive of a driver: Java's picture of the classes that Spark and Delta load, which saves a third of its start.

It holds for one Java and one list of jars, lies beside the jars, and is made by a warm engine that nobody uses, or when it is asked for: that
takes the better part of a minute and leaves some 200 MB.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import tempfile
import time
import uuid
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from nbflow.core.errors import EngineError
from nbflow.core.results import ErrorKind
from nbflow.run.engines.conf import driver_options
from nbflow.run.engines.control import Control, first_lines
from nbflow.run.engines.cores import cores
from nbflow.run.engines.gateway import Gateway
from nbflow.run.engines.jars import jar_folder
from nbflow.run.engines.parts import Parts
from nbflow.run.engines.usual import usual_statements
from nbflow.run.guard import Guard
from nbflow.run.processes import end_group, wait_gone

_DUMP_SECONDS = 180.0
_UNUSED_DAYS = 60
_LOWEST = 19


def archive_path(parts: Parts) -> Path:
    """Where the archive for this Java and these jars lies, if there is one."""
    java = parts.java.program.resolve()
    told = [str(java), str(java.stat().st_mtime_ns), *(f"{jar} {jar.stat().st_size}" for jar in parts.class_path)]
    return jar_folder(os.environ).parent / "archives" / f"{hashlib.sha256(os.linesep.join(told).encode()).hexdigest()[:32]}.jsa"


def archive_options(parts: Parts) -> tuple[str, ...]:
    """The options that make Java use the archive; none where there is none. Java itself ignores one that does not fit."""
    path = archive_path(parts)
    if not path.is_file():
        return ()
    with contextlib.suppress(OSError):  # the cache may be somebody else's
        os.utime(path)  # it is in use: see _forget_unused
    return (f"-XX:SharedArchiveFile={path}", "-Xlog:cds=off", "-Xlog:cds+dynamic=off")


async def make_archive(
    parts: Parts, statements: Sequence[str] | None = None, *, token: str = "", guard: Guard | None = None, behind: bool = False
) -> Path:  # fmt: skip
    """Make the archive by letting a driver of its own execute ``statements``, by default what most notebooks do. Returns its path.

    ``token`` marks the driver's processes, and ``guard`` removes what is left where nbflow is killed; ``behind`` lets all
    others of the machine go first. Raises ``EngineError`` where that fails, or where it is cancelled; a former archive stays.
    """
    path = archive_path(parts)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _forget_unused(path.parent)
        with tempfile.TemporaryDirectory(prefix=".making-", dir=path.parent) as place:
            if guard is not None:
                guard.remove(Path(place))
            made = Path(place) / "classes.jsa"
            gateway = Gateway(Path(place), f"{token or uuid.uuid4().hex}-archive", niceness=_LOWEST if behind else 0)
            with tempfile.TemporaryDirectory() as files:  # paths in SQL: the cache's may have signs that mean something there
                if guard is not None:
                    guard.remove(Path(files))
                usual = ["create schema s", *usual_statements("s.t", "s.u", Path(files))]
                await _train(parts, gateway, Path(place), made, usual if statements is None else statements)
            os.replace(made, path)
    except OSError as error:
        raise EngineError(ErrorKind.ENGINE_START, f"the class-data archive cannot be kept in {path.parent}: {error}") from error
    return path


def _forget_unused(folder: Path) -> None:
    """Remove the archives that no driver has been started with for a long time: of a Java or a Spark that is gone."""
    for path in folder.glob("*.jsa"):
        with contextlib.suppress(OSError):  # another may do the same
            if time.time() - path.stat().st_mtime > 86_400 * _UNUSED_DAYS:
                path.unlink()


async def _train(parts: Parts, gateway: Gateway, place: Path, made: Path, statements: Sequence[str]) -> None:
    options = driver_options({}, "1g", place / "warehouse", gateway.scratch, cores())
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
    except asyncio.CancelledError:
        end_group(gateway.pid)  # whoever needs the machine does not wait for the rest
        raise
    except (EngineError, OSError):
        raise
    except Exception as error:  # noqa: BLE001  (py4j and Java raise what they like)
        raise EngineError(
            ErrorKind.ENGINE_START, f"no class-data archive could be made: {first_lines(error)}", gateway.last_words()
        ) from None
    finally:
        await gateway.end()
