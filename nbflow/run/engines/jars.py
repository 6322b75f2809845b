"""Delta's jars: fetched once from Maven Central by the Ivy that pyspark brings, checked, and kept for all workspaces."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from nbflow.core.errors import EngineError
from nbflow.core.results import ErrorKind
from nbflow.run.engines.java import Java


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


DELTA = (
    Jar("io.delta", "delta-spark_4.2_2.13", "4.4.0", "27d4fd8b1f879535c573ed1c718177d6a27f24d3e626ba02e216369725721ead"),
    Jar("io.delta", "delta-storage", "4.4.0", "c46735481fa8e326b0957be02b4420cbcab4b325bb08009b7f2045a95133f1cc"),
)
"""Pinned apart from the delta-spark package: its newest version is on the package index before its jars can be fetched."""


def jar_folder(environment: Mapping[str, str]) -> Path:
    """The folder of the jars: in ``NBFLOW_CACHE``, else in the user's cache."""
    if environment.get("NBFLOW_CACHE"):
        return Path(environment["NBFLOW_CACHE"]) / "jars"
    base = environment.get("XDG_CACHE_HOME") or str(Path(environment.get("HOME") or Path.home()) / ".cache")
    return Path(base) / "nbflow" / "jars"


def delta_jars(java: Java, spark_home: Path, environment: Mapping[str, str], announce: Callable[[str], None]) -> list[Path]:
    """Delta's jars, fetched where they are not there or not whole. Raises ``EngineError`` when they cannot be had."""
    folder = jar_folder(environment)
    jars = [folder / jar.file_name for jar in DELTA]
    missing = [jar for jar in DELTA if not _is_whole(folder / jar.file_name, jar)]
    if not missing:
        return jars
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _alone(folder / ".lock"):
            for jar in missing:
                if not _is_whole(folder / jar.file_name, jar):
                    announce(f"fetching {jar.file_name} from Maven Central, once")
                    _fetch(jar, java, spark_home, folder)
    except OSError as error:
        raise EngineError(ErrorKind.ENGINE_START, f"Delta's jars cannot be kept in {folder}: {error}") from error
    announce(f"Delta's jars are in {folder}")
    return jars


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


def _fetch(jar: Jar, java: Java, spark_home: Path, folder: Path) -> None:
    ivy = next(iter(sorted((spark_home / "jars").glob("ivy-*.jar"))), None)
    if ivy is None:
        raise EngineError(ErrorKind.ENGINE_START, f"pyspark at {spark_home} has no ivy jar; install pyspark again")
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=folder) as place:
        command = [
            str(java.program), "-jar", str(ivy), "-cache", f"{place}/ivy", "-confs", "default", "-notransitive", "-types", "jar",
            "-dependency", jar.group, jar.artifact, jar.version, "-retrieve", f"{place}/[artifact]-[revision].[ext]",
        ]  # fmt: skip
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL, check=False, timeout=600
        )
        fetched = Path(place) / jar.file_name
        if done.returncode != 0 or not fetched.is_file():
            msg = f"{jar.file_name} could not be fetched from Maven Central; the first run needs the network, later ones do not"
            raise EngineError(ErrorKind.ENGINE_START, msg, "\n".join((done.stdout + done.stderr).splitlines()[-15:]))
        if _sha256(fetched) != jar.sha256:
            msg = f"{jar.file_name} as fetched is not what it should be: its SHA-256 is {_sha256(fetched)}"
            raise EngineError(ErrorKind.ENGINE_START, msg)
        shutil.copymode(ivy, fetched)
        os.replace(fetched, folder / jar.file_name)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold a lock between processes, so that two first runs do not fetch twice."""
    try:
        import fcntl
    except ImportError:  # no such locks on this system: two first runs then fetch twice, and the later one wins
        yield
        return
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
