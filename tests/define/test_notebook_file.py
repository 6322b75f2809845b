"""Notebook files of every provenance: read right or refused with words, and never written to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest

from nbflow.core.errors import DefinitionError
from nbflow.define.notebook_file import read_notebook, resolve_notebook_path


def write(path: Path, *sources: str, metadata: dict[str, Any] | None = None) -> Path:
    """A notebook with these code cells."""
    cells = [{"cell_type": "code", "id": f"c{n}", "metadata": {}, "source": source, "outputs": [], "execution_count": None} for n, source in enumerate(sources)]
    path.write_text(json.dumps({"cells": cells, "metadata": metadata or {}, "nbformat": 4, "nbformat_minor": 5}), "utf-8")
    return path


def test_reading_is_what_nbformat_reads_and_leaves_the_file_alone(tmp_path: Path) -> None:
    """Byte-identical, also where it may not be written; sources are whole texts."""
    path = write(tmp_path / "n.ipynb", "a = 1\nb = 2", "é 你")
    path.chmod(0o444)
    before, stat = path.read_bytes(), path.stat()
    read = read_notebook(path)
    assert nbformat.from_dict(dict(read.document)) == nbformat.read(path, 4)
    assert (path.read_bytes(), path.stat().st_mtime_ns) == (before, stat.st_mtime_ns)


def test_a_notebook_of_format_3_is_converted(tmp_path: Path) -> None:
    """With its cells and their code."""
    old = {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": [{"cell_type": "code", "language": "python", "input": "a = 1", "outputs": [], "metadata": {}}]}]}  # fmt: skip
    (tmp_path / "n.ipynb").write_text(json.dumps(old))
    assert read_notebook(tmp_path / "n.ipynb").document["cells"][0]["source"] == "a = 1"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"), (b"[1, 2]", "a list"), (b'{"cells": [', "cut off"), (b"{}", "no nbformat"), (b'{"nbformat": 9}', "nbformat 9"),
        ("{}".encode("utf-16"), "UTF-16"), ('{"a": "é"}'.encode("latin-1"), "not UTF-8"), (b'{"nbformat": 4}', "no list of cells"),
        (b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": 5}]}', "source must be text"),
        (b'{"nbformat": 4, "cells": [{"cell_type": "poem"}]}', "is no cell"),
    ],
)  # fmt: skip
def test_what_is_no_notebook_is_refused_with_its_name(tmp_path: Path, data: bytes, words: str) -> None:
    """Never a traceback."""
    (tmp_path / "n.ipynb").write_bytes(data)
    with pytest.raises(DefinitionError, match=words) as caught:
        read_notebook(tmp_path / "n.ipynb", "shown.ipynb")
    assert {mistake.file for mistake in caught.value.mistakes} == {"shown.ipynb"}


@pytest.mark.parametrize(
    ("metadata", "kernel", "language"),
    [
        ({}, None, None), ({"kernelspec": {"name": "python3"}}, "python3", "python"), ({"language_info": {"name": "R"}}, None, "R"),
        ({"kernelspec": {"name": "ir"}}, "ir", "R"), ({"kernelspec": {"name": "conda-x", "language": "python"}}, "conda-x", "python"),
        ({"kernelspec": "odd"}, None, None),
    ],
)  # fmt: skip
def test_the_kernel_that_the_metadata_name(tmp_path: Path, metadata: dict[str, Any], kernel: str | None, language: str | None) -> None:
    """Whatever an editor left there."""
    read = read_notebook(write(tmp_path / "n.ipynb", metadata=metadata))
    assert (read.kernel, read.language) == (kernel, language)


@pytest.mark.parametrize(
    ("code", "uses", "wants"),
    [
        ("from pyspark.sql import SparkSession", True, False), ("import delta.tables as d", True, False), ("from nbflow import spark", True, False),
        ("import nbflow\nnbflow.spark.sql('x')", True, False), ("spark.sql('select 1')", True, True), ("%sql select 1", True, False),
        ("import beside", True, False), ("from package.inner import x", True, False), ("# import pyspark\nx = 'spark'", False, False),
        ("spark = make()\nspark.go()", False, False), ("import pandas", False, False), ("%%bash\nspark-submit", False, False),
    ],
)  # fmt: skip
def test_spark_is_seen_where_it_is_used(tmp_path: Path, code: str, uses: bool, wants: bool) -> None:
    """In the cells and in modules beside the notebook; a word in a comment is not use."""
    (tmp_path / "beside.py").write_text("import other")
    (tmp_path / "other.py").write_text("def f():\n    import pyspark")
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "inner.py").write_text("from delta import DeltaTable")
    read = read_notebook(write(tmp_path / "n.ipynb", code))
    assert (read.uses_spark, read.wants_spark_name) == (uses, wants)


def test_python_files_that_are_notebooks(tmp_path: Path) -> None:
    """Databricks' source format and jupytext's percent format."""
    (tmp_path / "d.py").write_text('# Databricks notebook source\n# MAGIC %md\n# MAGIC # Title\n\n# COMMAND ----------\n\ndbutils.widgets.text("a", "1")\n')
    (tmp_path / "p.py").write_text('# %% tags=["parameters"]\nx = 1\n# %% [markdown]\n# text\n# %%\nprint(x)\n')
    databricks, percent = read_notebook(tmp_path / "d.py"), read_notebook(tmp_path / "p.py")
    assert [(cell["cell_type"], cell["source"]) for cell in databricks.document["cells"]] == [
        ("markdown", "# Title"), ("code", 'dbutils.widgets.text("a", "1")'),
    ]  # fmt: skip
    assert [parameter.name for parameter in (*databricks.parameters, *percent.parameters)] == ["a", "x"]
    assert [cell["cell_type"] for cell in percent.document["cells"]] == ["code", "markdown", "code"]
    (tmp_path / "s.py").write_text("print(1)\n")
    with pytest.raises(DefinitionError, match="no notebook"):
        read_notebook(tmp_path / "s.py")


def test_paths_start_at_the_file_or_at_the_workspace(tmp_path: Path) -> None:
    """The extension may be left out; what is not there is None."""
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "pipelines").mkdir()
    notebook = write(tmp_path / "notebooks" / "a b {1}.ipynb")
    folder = tmp_path / "pipelines"
    for text in ("../notebooks/a b {1}.ipynb", "../notebooks/a b {1}", "/notebooks/a b {1}", str(notebook)):
        assert resolve_notebook_path(text, folder, tmp_path) == notebook
    assert resolve_notebook_path("../notebooks/none", folder, tmp_path) is None
