"""``%fs`` and ``%sql`` in IPython, as far as they need no Spark."""

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell

from nbflow.surface.inside.databricks.dbutils import NotSupportedHere, dbutils
from nbflow.surface.inside.databricks.magics import install


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Any]]:
    """Runs a cell of a notebook in ``tmp_path``, by hand, that has a variable ``x``; it must succeed."""
    monkeypatch.delenv("NBFLOW_TASK", raising=False)
    monkeypatch.setenv("NBFLOW_WORKSPACE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    for name in ("dbutils", "display", "displayHTML"):
        monkeypatch.setattr(builtins, name, None, raising=False)
    monkeypatch.setitem(sys.modules, "pyspark.dbutils", None)
    dbutils.widgets.removeAll()
    shell = InteractiveShell.instance()
    install(shell)
    shell.user_ns["x"] = "expanded"

    def cell(source: str) -> Any:
        done = shell.run_cell(source)
        done.raise_error()
        return done.result

    yield cell
    dbutils.widgets.removeAll()
    InteractiveShell.clear_instance()


def test_paths_keep_their_braces_and_dollars(run: Callable[[str], Any], tmp_path: Path) -> None:
    """``$x`` and ``{x}`` are parts of a path on Databricks, whatever variables there are."""
    for name in ("{x}", "$x", "a {x,y} b"):
        (tmp_path / "dbfs" / name).mkdir(parents=True)
        (tmp_path / "dbfs" / name / "f").touch()
    assert [entry.path for entry in run("%fs ls dbfs:/{x}")] == ["dbfs:/{x}/f"]
    assert [entry.path for entry in run("%fs ls dbfs:/$x")] == ["dbfs:/$x/f"]
    assert [entry.path for entry in run("%fs ls 'dbfs:/a {x,y} b'")] == ["dbfs:/a {x,y} b/f"]


def test_its_other_calls(run: Callable[[str], Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Flags stand before the paths, as at a shell; what a file holds is printed; a call that is none says so."""
    run("%fs put dbfs:/in/a.txt 'one {x}'")
    run("%fs put -f dbfs:/in/a.txt 'two {x}'")
    run("%fs cp -r dbfs:/in dbfs:/out")
    capsys.readouterr()
    run("%fs head dbfs:/out/a.txt")
    assert capsys.readouterr().out == "two {x}\n"
    run("%fs rm -r dbfs:/out")
    assert not (tmp_path / "dbfs/out").exists()
    with pytest.raises(NotSupportedHere, match=r"dbutils.fs.lss is not supported"):
        run("%fs lss dbfs:/in")


def test_sql_is_taken_as_it_is_written(run: Callable[[str], Any]) -> None:
    """In a line as in a cell."""
    run("%sql CREATE WIDGET TEXT a DEFAULT '{x} $x'")
    run("%%sql CREATE WIDGET TEXT b DEFAULT ';{x}';\nCREATE WIDGET TEXT c DEFAULT '$x'; -- ;")
    assert dbutils.widgets.getAll() == {"a": "{x} $x", "b": ";{x}", "c": "$x"}
