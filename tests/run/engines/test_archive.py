"""The class-data archive of a driver, with a real Java."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from nbflow.define.settings import Settings
from nbflow.run.engines import archive
from nbflow.run.engines.jars import jar_folder
from nbflow.run.engines.parts import find_parts
from nbflow.run.engines.spark import SparkEngine

pytestmark = pytest.mark.long


def test_a_driver_uses_the_archive_that_was_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Made once, whole, and taken by the next driver: its process maps the file. Fewer classes are enough for that."""
    (tmp_path / "jars").symlink_to(asyncio.run(find_parts(print)).jars[0].parent)
    monkeypatch.setenv("NBFLOW_CACHE", str(tmp_path))
    parts = asyncio.run(find_parts(print))
    assert archive.archive_options(parts) == ()
    path = asyncio.run(archive.make_archive(parts, ["select 1"]))
    assert path.parent.parent == jar_folder({"NBFLOW_CACHE": str(tmp_path)}).parent
    assert list(path.parent.iterdir()) == [path]

    async def maps() -> str:
        engine = SparkEngine(Settings(), tmp_path / "warehouse", tmp_path / "state", print)
        try:
            await engine.start()
            return Path(f"/proc/{engine._gateway.pid}/maps").read_text()
        finally:
            await engine.stop()

    assert str(path) in asyncio.run(maps())
