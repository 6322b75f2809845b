"""Links to what a client of Spark Connect is about to drop."""

from __future__ import annotations

import shutil
from pathlib import Path

from nbflow.run.engines.drops import _link


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
