"""The classes that a driver loads ahead, with a real Java."""

from __future__ import annotations

import asyncio
import zipfile
from pathlib import Path

import pytest

from nbflow.define.settings import Settings
from nbflow.run.engines.ahead import let_go
from nbflow.run.engines.archive import archive_path
from nbflow.run.engines.classes import CLASSES, load_classes
from nbflow.run.engines.parts import Parts, find_parts
from nbflow.run.engines.spark import SparkEngine
from tests.run.engines.list_classes import loaded

pytestmark = pytest.mark.long

LISTED = CLASSES.read_text("utf-8").split()
SECONDS = 120
READER = "] java.util.Scanner source: "
"""What reads the list, and nothing else of a driver's start."""
NOT_LISTED = "org.apache.spark.graphx.lib.PageRank"


@pytest.fixture(scope="module")
def parts() -> Parts:
    """What a driver needs."""
    return asyncio.run(find_parts(print))


def logging(folder: Path) -> tuple[SparkEngine, Path]:
    """An engine whose driver tells in a file which classes it loads."""
    log = folder / "classes.log"
    settings = Settings(spark_conf={"spark.driver.extraJavaOptions": f"-Xlog:class+load:file={log}"})
    return SparkEngine(settings, folder / "warehouse", folder / "state", print), log


def test_the_first_jars_have_most_classes_and_all_are_there(parts: Parts) -> None:
    """The list fits the versions that nbflow wants; no jar is left out or named twice, and a tenth of them have half of the classes."""
    path = parts.class_path
    assert sorted(path) == sorted([*(parts.spark.home / "jars").glob("*.jar"), *parts.jars])
    wanted, found = {f"{name.replace('.', '/')}.class" for name in LISTED}, []
    assert len(wanted) == len(LISTED) > 10_000
    for jar in path:
        with zipfile.ZipFile(jar) as content:
            found.append(wanted & set(content.namelist()))
    assert set.union(*found) == wanted, "python -m tests.run.engines.list_classes writes the list anew"
    assert len(set.union(*found[: len(path) // 10])) > len(wanted) / 2


def test_a_driver_without_an_archive_loads_its_classes_ahead(parts: Parts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All that are listed, though nobody uses them; one that is not there is left out, and the next loaded."""
    (tmp_path / "jars").symlink_to(parts.jars[0].parent)
    monkeypatch.setenv("NBFLOW_CACHE", str(tmp_path))
    engine, log = logging(tmp_path)

    async def use() -> None:
        try:
            await engine.start()
            for _ in range(SECONDS):
                if not (missing := set(LISTED) - set(loaded(log))):
                    break
                await asyncio.sleep(1)
            assert not missing
            assert NOT_LISTED not in loaded(log) and READER in log.read_text("utf-8")
            assert engine._control is not None
            gateway = engine._control._open()
            await asyncio.to_thread(load_classes, gateway, f"no.such.Name {NOT_LISTED}")
            let_go(gateway)
            assert NOT_LISTED in loaded(log)
        finally:
            await engine.stop()

    asyncio.run(use())


def test_a_driver_with_an_archive_loads_nothing_ahead(parts: Parts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who reads the list is not there, though Java cannot use this archive."""
    (tmp_path / "jars").symlink_to(parts.jars[0].parent)
    monkeypatch.setenv("NBFLOW_CACHE", str(tmp_path))
    archive = archive_path(asyncio.run(find_parts(print)))  # of the jars that lie there
    archive.parent.mkdir()
    archive.write_bytes(b"no archive")
    engine, log = logging(tmp_path)

    async def use() -> None:
        try:
            await engine.start()
            await asyncio.sleep(2)
            assert READER not in log.read_text("utf-8")
        finally:
            await engine.stop()

    asyncio.run(use())
