"""Links to what a client of Spark Connect is about to drop."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from nbflow.run.engines.drops import Drops, _link
from nbflow.warehouse import trash


def test_a_file_that_vanishes_meanwhile_spoils_no_links(tmp_path: Path) -> None:
    """Whoever writes to the table has files for a moment; without its links Spark would delete all of it for good."""

    def late(source: str, target: str) -> None:
        if source.endswith(".tmp"):
            Path(source).unlink()
        _link(source, target)

    (tmp_path / "t").mkdir()
    for name in ("0.json", ".1.json.tmp", "part-0.parquet"):
        (tmp_path / "t" / name).write_text(name)
    shutil.copytree(tmp_path / "t", tmp_path / "links", copy_function=late)
    shutil.rmtree(tmp_path / "t")
    assert {path.name: path.read_text() for path in (tmp_path / "links").iterdir()} == {
        "0.json": "0.json",
        "part-0.parquet": "part-0.parquet",
    }


class Catalog:
    """A catalog that has a schema of any name in ``warehouse``, and no tables."""

    def __init__(self, warehouse: Path) -> None:
        self._warehouse = warehouse

    def schema_folder(self, name: str) -> Path:
        return self._warehouse / name

    def being_made(self) -> set[tuple[str, str]]:
        return set()


class Event:
    """What the driver tells."""

    def __init__(self, text: str) -> None:
        self.toString = lambda: text


def test_a_schema_of_any_name_lies_in_the_trash(tmp_path: Path) -> None:
    """Also one that is none of the warehouse's, since Spark deletes its files as well."""
    for name in ("plain", "_own"):
        catalog: Any = Catalog(tmp_path)
        drops = Drops(catalog, tmp_path)
        (tmp_path / name / "t" / "_delta_log").mkdir(parents=True)
        (tmp_path / name / "t" / "_delta_log" / f"{0:020}.json").write_text("{}")
        drops.onEvent(Event(f"DropDatabasePreEvent({name})"))
        shutil.rmtree(tmp_path / name)
        drops.onEvent(Event(f"DropDatabaseEvent({name})"))
    assert {each.name for each in trash.dropped(tmp_path)} == {"plain.t", "_own.*"}
    assert not list((tmp_path / ".trash").glob("links-*"))


def test_a_drop_that_is_cut_off_costs_nothing(tmp_path: Path) -> None:
    """The links go where nothing was deleted, and lie in the trash where something was."""
    for name, deleted in (("whole", False), ("half", True)):
        catalog: Any = Catalog(tmp_path)
        drops = Drops(catalog, tmp_path)
        log = tmp_path / name / "t" / "_delta_log" / f"{0:020}.json"
        log.parent.mkdir(parents=True)
        log.write_text("{}")
        drops.onEvent(Event(f"DropDatabasePreEvent({name})"))
        if deleted:
            log.unlink()
        drops.sweep(0)
    assert [each.name for each in trash.dropped(tmp_path)] == ["half.t"]
    assert not list((tmp_path / ".trash").glob("links-*"))
