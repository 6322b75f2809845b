"""Delta's jars: fetched once from Maven Central by the Ivy that pyspark brings, checked, and kept for all workspaces."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from nbflow.core.errors import EngineError
from nbflow.core.results import ErrorKind
from nbflow.run.engines.java import Java
from nbflow.run.engines.trust import write_trust_store
from nbflow.run.processes import end_group

_VERSION = "4.4.0"
_FETCH_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Jar:
    """An artifact of Maven Central and the SHA-256 of its file."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def file_name(self) -> str:
        """The file's name in the cache."""
        return f"{self.artifact}-{self.version}.jar"


_STORAGE = Jar("io.delta", "delta-storage", _VERSION, "c46735481fa8e326b0957be02b4420cbcab4b325bb08009b7f2045a95133f1cc")
_DELTA = {
    "4.0": "49e899667168b9412f83cbe894ce264107d7b896d6c5e12edca4e216845c1104",
    "4.1": "75a9400986853c061f5109f012547de2545a5759e5e752e5ef633dabe16a4f10",
    "4.2": "27d4fd8b1f879535c573ed1c718177d6a27f24d3e626ba02e216369725721ead",
}
"""By Spark's minor version, which stands in the artifact's name. Pinned apart from the delta-spark package: its newest
version is on the package index before its jars can be fetched."""


def jars_for(spark_version: str) -> tuple[Jar, ...]:
    """Delta's jars for a version of Spark. Raises ``EngineError`` where none are known."""
    minor = ".".join(spark_version.split(".")[:2])
    if minor not in _DELTA:
        msg = f"nbflow has Delta's jars for Spark {', '.join(_DELTA)}, and pyspark here is {spark_version}"
        raise EngineError(ErrorKind.ENGINE_START, msg)
    return Jar("io.delta", f"delta-spark_{minor}_2.13", _VERSION, _DELTA[minor]), _STORAGE


def jar_folder(environment: Mapping[str, str]) -> Path:
    """The folder of the jars: in ``NBFLOW_CACHE``, else in the user's cache."""
    if environment.get("NBFLOW_CACHE"):
        return Path(environment["NBFLOW_CACHE"]).absolute() / "jars"
    base = environment.get("XDG_CACHE_HOME") or str(Path(environment.get("HOME") or Path.home()) / ".cache")
    return Path(base).absolute() / "nbflow" / "jars"


async def cached_jars(wanted: tuple[Jar, ...], java: Java, ivy: Path, folder: Path, announce: Callable[[str], None]) -> list[Path]:
    """The files of ``wanted`` in ``folder``, fetched where they are not there or not whole.

    ``ivy`` is Ivy's jar; ``announce`` is told before a fetch begins and after the last. Raises ``EngineError`` when a
    jar cannot be had; what is in ``folder`` is whole at every moment.
    """
    jars = [folder / jar.file_name for jar in wanted]
    if are_cached(wanted, folder):
        return jars
    try:
        folder.mkdir(parents=True, exist_ok=True)
        async with _alone(folder / ".lock"):
            for jar in wanted:
                if not _is_whole(folder / jar.file_name, jar):
                    announce(f"fetching {jar.file_name} from Maven Central, once for all workspaces")
                    await _fetch(jar, java, ivy, folder)
    except OSError as error:
        raise EngineError(ErrorKind.ENGINE_START, f"Delta's jars cannot be kept in {folder}: {error}") from error
    announce(f"Delta's jars are in {folder}")
    return jars


def are_cached(wanted: tuple[Jar, ...], folder: Path) -> bool:
    """Whether all of ``wanted`` lie in ``folder``, whole."""
    return all(_is_whole(folder / jar.file_name, jar) for jar in wanted)


def _is_whole(path: Path, jar: Jar) -> bool:
    """Whether the file is the jar: by its mark where it was checked before and has not changed since, else by its hash."""
    mark = path.with_suffix(".checked")
    try:
        stat = path.stat()
        state = f"{jar.sha256} {stat.st_size} {stat.st_mtime_ns}"
        if mark.is_file() and mark.read_text("utf-8") == state:
            return True
        if _sha256(path) != jar.sha256:
            return False
    except OSError:
        return False
    try:
        mark.write_text(state, "utf-8")
    except OSError:
        return True  # a cache that may only be read is checked anew each time
    return True


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


async def why_not(wanted: tuple[Jar, ...], java: Java, ivy: Path, folder: Path, seconds: float) -> str:
    """Why the jars that are not in ``folder`` could not be fetched now and kept there; empty where they could.

    Asks for their descriptions only, and leaves nothing behind.
    """
    existing = next(place for place in (folder, *folder.parents) if os.path.lexists(place))
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        return f"nothing can be kept in {folder}: {existing} is {'not writable' if existing.is_dir() else 'no folder'}"
    for jar in wanted:
        if not _is_whole(folder / jar.file_name, jar):
            with tempfile.TemporaryDirectory(prefix="nbflow-") as place:
                try:
                    said, status = await asyncio.wait_for(_retrieve(jar, "pom", java, ivy, place), seconds)
                except asyncio.TimeoutError:
                    return f"{jar.file_name}: Maven Central did not answer within {seconds:g} s"
            if status != 0:
                return f"{jar.file_name} cannot be fetched from Maven Central: {_reason(said)}"
    return ""


def _reason(said: str) -> str:
    """What Ivy gives as the reason, among all it prints."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    telling = (line for sign in ("Exception", "no answer", "not found") for line in lines if sign in line)
    return next(telling, lines[-1] if lines else "it says nothing")[:300]


async def _retrieve(jar: Jar, kind: str, java: Java, ivy: Path, place: str) -> tuple[str, int]:
    """Have Ivy fetch what there is of ``kind`` for a jar into ``place``; what it printed, and its exit code."""
    options = [f"-Djava.io.tmpdir={place}"]
    wanted = [
        "-jar", str(ivy), "-cache", f"{place}/ivy", "-confs", "default", "-notransitive", "-types", kind,
        "-dependency", jar.group, jar.artifact, jar.version, "-retrieve", f"{place}/[artifact]-[revision].[ext]",
    ]  # fmt: skip
    said, status = await _run_ivy([str(java.program), *options, *wanted])
    if status != 0 and "SSLHandshakeException" in said:  # an authority that this Java does not know, but perhaps Python
        trusting = write_trust_store(Path(place) / "trusted.jks")
        said, status = await _run_ivy([str(java.program), *options, *trusting, *wanted])
    return said, status


async def _fetch(jar: Jar, java: Java, ivy: Path, folder: Path) -> None:
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=folder) as place:
        said, status = await _retrieve(jar, "jar", java, ivy, place)
        fetched = Path(place) / jar.file_name
        if status != 0 or not fetched.is_file():
            msg = (
                f"{jar.file_name} could not be fetched from Maven Central: Spark with Delta needs the network once, for two "
                f"jars that are then kept in {folder}"
            )
            raise EngineError(ErrorKind.ENGINE_START, msg, "\n".join(said.splitlines()[-15:]))
        found = _sha256(fetched)
        if found != jar.sha256:
            msg = f"{jar.file_name} as fetched is not the file that nbflow knows: its SHA-256 is {found}, not {jar.sha256}"
            raise EngineError(ErrorKind.ENGINE_START, msg)
        shutil.copymode(ivy, fetched)
        os.replace(fetched, folder / jar.file_name)


async def _run_ivy(command: list[str]) -> tuple[str, int]:
    """What Ivy printed and its exit code. It ends with us: when this is cancelled, and when it takes too long."""
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )  # fmt: skip
    try:
        output, _ = await asyncio.wait_for(process.communicate(), _FETCH_SECONDS)
    except asyncio.TimeoutError:
        return f"no answer within {_FETCH_SECONDS:g} s", 1
    finally:
        if process.returncode is None:
            end_group(process.pid)
            await process.wait()
    return output.decode("utf-8", "replace"), process.returncode or 0


@asynccontextmanager
async def _alone(path: Path) -> AsyncIterator[None]:
    """Hold a lock between processes, so that two first runs do not fetch twice; others wait without blocking their loop."""
    import fcntl

    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                await asyncio.sleep(0.1)
        yield
    finally:
        os.close(descriptor)
