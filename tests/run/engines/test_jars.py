"""Delta's jars in the user's cache: fetched once, checked, kept."""

from __future__ import annotations

import asyncio
import hashlib
import os
from pathlib import Path

import pytest

from nbflow.core.errors import EngineError
from nbflow.run.engines.jars import Jar, cached_jars, jar_folder, jars_for
from nbflow.run.engines.java import Java

CONTENT = b"what a jar holds"
JAR = Jar("org.example", "thing", "1.0", hashlib.sha256(CONTENT).hexdigest())


class Shop:
    """Stands for Java with Ivy: a program that puts ``content`` where Ivy was told to, and counts how often it was run."""

    def __init__(self, folder: Path, content: bytes = CONTENT, status: int = 0) -> None:
        folder.mkdir()
        (folder / "content").write_bytes(content)
        self._counter = folder / "count"
        program = folder / "java"
        program.write_text(
            f"#!/bin/sh\necho x >> '{self._counter}'\nfor last; do :; done\nsleep 0.3\n"
            f'[ {status} = 0 ] && cp \'{folder}/content\' "$(dirname "$last")/thing-1.0.jar"\necho unresolved dependency\nexit {status}\n'
        )
        program.chmod(0o755)
        self.ivy = folder / "ivy.jar"
        self.ivy.touch()
        self.java = Java(program, 17)

    @property
    def runs(self) -> int:
        """How often it was run."""
        return len(self._counter.read_text().split()) if self._counter.exists() else 0

    async def get(self, folder: Path, said: list[str] | None = None) -> list[Path]:
        """The jar, through the cache in ``folder``."""
        return await cached_jars((JAR,), self.java, self.ivy, folder, (said if said is not None else []).append)


def test_a_jar_is_fetched_once(tmp_path: Path) -> None:
    """The first call fetches and says so, two at once fetch once, later ones find it and are silent."""
    shop, said = Shop(tmp_path / "shop"), []

    async def twice() -> list[list[Path]]:
        return await asyncio.gather(shop.get(tmp_path / "cache", said), shop.get(tmp_path / "cache"))

    first, second = asyncio.run(twice())
    assert first == second == [tmp_path / "cache" / "thing-1.0.jar"]
    assert first[0].read_bytes() == CONTENT
    assert "Maven Central" in said[0]
    later: list[str] = []
    asyncio.run(shop.get(tmp_path / "cache", later))
    assert (shop.runs, later) == (1, [])
    assert not list((tmp_path / "cache").glob(".fetch-*"))


def test_a_damaged_jar_is_fetched_anew(tmp_path: Path) -> None:
    """A jar that changed since it was checked is checked again, and replaced when it is not whole."""
    shop = Shop(tmp_path / "shop")
    path = asyncio.run(shop.get(tmp_path / "cache"))[0]
    path.write_bytes(b"something else")
    assert asyncio.run(shop.get(tmp_path / "cache"))[0].read_bytes() == CONTENT
    os.utime(path, (1, 1))
    asyncio.run(shop.get(tmp_path / "cache"))
    assert shop.runs == 2


def test_another_file_than_expected_is_refused(tmp_path: Path) -> None:
    """What was fetched and has another hash is told with both hashes and is not kept."""
    shop = Shop(tmp_path / "shop", b"poison")
    with pytest.raises(EngineError, match=JAR.sha256):
        asyncio.run(shop.get(tmp_path / "cache"))
    assert not (tmp_path / "cache" / "thing-1.0.jar").exists()


def test_without_network_the_error_says_what_to_do(tmp_path: Path) -> None:
    """A fetch that fails says that the network is needed once, and keeps what Ivy said."""
    shop = Shop(tmp_path / "shop", status=1)
    with pytest.raises(EngineError, match="needs the network once") as caught:
        asyncio.run(shop.get(tmp_path / "cache"))
    assert "unresolved dependency" in caught.value.log


def test_the_cache_may_be_read_only(tmp_path: Path) -> None:
    """A cache that was filled by somebody else is used although nothing can be written there."""
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "thing-1.0.jar").write_bytes(CONTENT)
    (tmp_path / "cache" / "thing-1.0.checked").mkdir()  # so that the mark cannot be written, whoever runs the tests
    shop = Shop(tmp_path / "shop")
    asyncio.run(shop.get(tmp_path / "cache"))
    assert shop.runs == 0


def test_the_artifact_follows_sparks_minor_version() -> None:
    """Spark's minor version is part of the artifact's name; one that nbflow does not know is refused with words."""
    assert [jar.file_name for jar in jars_for("4.2.0")] == ["delta-spark_4.2_2.13-4.4.0.jar", "delta-storage-4.4.0.jar"]
    assert jars_for("4.0.1")[0].artifact == "delta-spark_4.0_2.13"
    with pytest.raises(EngineError, match=r"pyspark here is 3\.5\.1"):
        jars_for("3.5.1")


def test_where_the_cache_lies() -> None:
    """NBFLOW_CACHE, else XDG_CACHE_HOME, else the user's home."""
    assert jar_folder({"NBFLOW_CACHE": "/n", "XDG_CACHE_HOME": "/x"}) == Path("/n/jars")
    assert jar_folder({"XDG_CACHE_HOME": "/x", "HOME": "/h"}) == Path("/x/nbflow/jars")
    assert jar_folder({"HOME": "/h"}) == Path("/h/.cache/nbflow/jars")
