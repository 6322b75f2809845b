"""Databricks' notebooks as they are: sources in Python and SQL, exports, and what they run inside of themselves."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from nbflow.core.errors import DefinitionError
from nbflow.define.notebooks.file import read_notebook

HEAD = "# Databricks notebook source\n"
BETWEEN = "\n\n# COMMAND ----------\n\n"


def source(folder: Path, name: str, *cells: str) -> Path:
    """A file in Databricks' source format with these cells."""
    path = folder / name
    head = HEAD if path.suffix == ".py" else HEAD.replace("#", "--")
    path.write_text(head + (BETWEEN if path.suffix == ".py" else BETWEEN.replace("#", "--")).join(cells), "utf-8")
    return path


def refused(path: Path) -> list[str]:
    """The mistakes, as people read them."""
    with pytest.raises(DefinitionError) as caught:
        read_notebook(path, path.name)
    return list(map(str, caught.value.mistakes))


def test_mistakes_point_into_the_source_file(tmp_path: Path) -> None:
    """All at once, each at its line of the file as it is, which is not touched."""
    path = source(
        tmp_path,
        "n.py",
        'dbutils.widgets.text("a", "1")\ndbutils.widgets.dropdown("layer", "b", ["bronze"])',
        "# MAGIC %scala\n# MAGIC val x = 1",
        "# MAGIC %r x <- 1",
    )
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    assert refused(path) == [
        "n.py:3: layer: the default 'b' of 'layer' is none of its choices (choices are bronze)",
        "n.py:8: a cell in Scala cannot be run in a notebook of Python or SQL (write it in Python or SQL, or take the cell out)",
        "n.py:12: a cell in R cannot be run in a notebook of Python or SQL (write it in Python or SQL, or take the cell out)",
    ]
    assert hashlib.sha256(path.read_bytes()).hexdigest() == before


def test_a_broken_cell_is_told_at_its_line(tmp_path: Path) -> None:
    """As a warning: the kernel has the last word."""
    (warning,) = read_notebook(source(tmp_path, "n.py", "x = 1", "y = 1\nz = = 2"), "n.py").warnings
    assert (warning.file, warning.line) == ("n.py", 7)


def test_a_sql_notebook_declares_its_widgets(tmp_path: Path) -> None:
    """By CREATE WIDGET; its statements are Spark's, and its kernel is Python's."""
    path = source(
        tmp_path,
        "q.sql",
        "CREATE WIDGET TEXT day DEFAULT \"2026-01-31\";\nCREATE WIDGET DROPDOWN s DEFAULT 'CA' CHOICES SELECT * FROM t",
        "SELECT :day",
        "-- MAGIC %python\n-- MAGIC x = 1",
    )
    found = read_notebook(path)
    assert [(item.name, item.default, item.widget, item.assigned) for item in found.parameters] == [
        ("day", "2026-01-31", "text", False),
        ("s", "CA", "dropdown", False),
    ]
    assert (found.language, found.uses_spark, found.databricks) == ("python", True, True)
    assert [cell["source"] for cell in found.document["cells"]][1:] == ["%%sql\nSELECT :day", "x = 1"]


def test_sql_that_is_no_notebook_is_refused(tmp_path: Path) -> None:
    """With what would make it one."""
    (tmp_path / "q.sql").write_text("SELECT 1")
    assert refused(tmp_path / "q.sql") == ["q.sql:1: is SQL and no notebook (begin it with '-- Databricks notebook source')"]


def test_an_export_has_jupyters_cells(tmp_path: Path) -> None:
    """Databricks exports magics as text, and no kernel."""
    export = "application/vnd.databricks.v1+"
    sources = ["%md\n# Title", "%sql\nselect 1", ["x = 1\n", "y = 2"], "%sh ls"]
    cells = [
        {
            "cell_type": "code",
            "execution_count": 0,
            "metadata": {f"{export}cell": {"title": "", "nuid": "1"}},
            "outputs": [],
            "source": text,
        }
        for text in sources
    ]
    document = {"cells": cells, "metadata": {f"{export}notebook": {"language": "python"}}, "nbformat": 4, "nbformat_minor": 0}
    (tmp_path / "e.ipynb").write_text(json.dumps(document))
    found = read_notebook(tmp_path / "e.ipynb")
    assert [(cell["cell_type"], cell["source"]) for cell in found.document["cells"]] == [
        ("markdown", "# Title"),
        ("code", "%%sql\nselect 1"),
        ("code", "x = 1\ny = 2"),
        ("code", "%%bash --no-raise-error\nls"),
    ]
    assert (found.kernel, found.databricks, found.uses_spark) == ("python3", True, True)


def test_what_a_notebook_runs_inside_of_itself_is_its_own(tmp_path: Path) -> None:
    """Widgets and the use of Spark, over several steps, in circles too; of two declarations its own counts."""
    (tmp_path / "lib").mkdir()
    source(tmp_path / "lib", "setup.py", 'dbutils.widgets.text("env", "dev")\ndbutils.widgets.text("day", "x")', "# MAGIC %run ./deep")
    source(tmp_path / "lib", "deep.py", "df = spark.table('t')", "# MAGIC %run ../main")
    path = source(tmp_path, "main.py", '# MAGIC %run ./lib/setup $env="prod"', 'dbutils.widgets.text("day", "y")')
    found = read_notebook(path)
    assert {item.name: item.default for item in found.parameters} == {"day": "y", "env": "dev"}
    assert found.uses_spark and found.wants_spark_name


def test_a_run_that_leads_nowhere_is_told_with_its_line(tmp_path: Path) -> None:
    """In the notebook itself and in one that it runs."""
    source(tmp_path, "b.py", "x = 1", "# MAGIC %run ./gone")
    path = source(tmp_path, "a.py", "# MAGIC %run ./b", "# MAGIC %run ./away")
    assert refused(path) == [
        f"{tmp_path}/b.py:6: there is no notebook ./gone to %run (it starts at {tmp_path})",
        f"a.py:6: there is no notebook ./away to %run (it starts at {tmp_path})",
    ]


def test_ipythons_own_run_is_left_alone(tmp_path: Path) -> None:
    """A plain Python file is a script, and one that is made by the notebook itself is not there yet."""
    (tmp_path / "script.py").write_text("x = 1")
    cells = [
        {"cell_type": "code", "metadata": {}, "source": text, "outputs": [], "execution_count": None}
        for text in ("%run script.py", "%run made_later.py")
    ]
    (tmp_path / "n.ipynb").write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}))
    assert read_notebook(tmp_path / "n.ipynb").parameters == ()
