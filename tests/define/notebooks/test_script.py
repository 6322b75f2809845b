"""Notebooks kept as Python files."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from nbflow.core.errors import DefinitionError
from nbflow.define.notebooks.file import read_notebook
from nbflow.define.notebooks.script import read_script

DATABRICKS = """\
# Databricks notebook source
dbutils.widgets.text("day", "2026-01-31")

# COMMAND ----------

# MAGIC %md
# MAGIC # Title
# MAGIC
# MAGIC text

# COMMAND ----------

# MAGIC %sql
# MAGIC select 1

# COMMAND ----------

# MAGIC %python
# MAGIC x = 1

# COMMAND ----------

# MAGIC %pip install x
# COMMAND ----------
y = 2
"""

PERCENT = """\
# ---
# jupyter:
#   kernelspec:
#     name: python3
# ---

import os

# %% [markdown]
# # Title
#
# text

# %% tags=["parameters"]
limit: int = 100  # how many

# %% A title {"tags": ["other"]}
# %matplotlib inline
# !ls
# 50 % of it
y = 2
# %%time is no mark
# %% [raw]
# raw
"""


def shape(text: str) -> list[tuple[str, str]]:
    return [(cell["cell_type"], cell["source"]) for cell in read_script(text, "x.py").document["cells"]]


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_databricks_source_format_is_cut_into_cells(newline: str) -> None:
    """Commands become cells, magics lose their comment marks, Markdown becomes Markdown."""
    assert shape(DATABRICKS.replace("\n", newline)) == [
        ("code", 'dbutils.widgets.text("day", "2026-01-31")'),
        ("markdown", "# Title\n\ntext"),
        ("code", "%%sql\nselect 1"),
        ("code", "x = 1"),
        ("code", "%pip install x"),
        ("code", "y = 2"),
    ]


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_percent_format_is_cut_into_cells(newline: str) -> None:
    """Jupytext's marks begin cells, with their tags; its header is left out and its hidden magics are magics again."""
    text = PERCENT.replace("\n", newline)
    assert shape(text) == [
        ("code", "import os"),
        ("markdown", "# Title\n\ntext"),
        ("code", "limit: int = 100  # how many"),
        ("code", "%matplotlib inline\n!ls\n# 50 % of it\ny = 2\n# %%time is no mark"),
        ("raw", "raw"),
    ]
    tags = [cell["metadata"].get("tags", []) for cell in read_script(text, "x.py").document["cells"]]
    assert tags == [[], [], ["parameters"], ["other"], []]


@pytest.mark.parametrize("text", [DATABRICKS, PERCENT])
def test_the_document_is_valid(text: str) -> None:
    """What is made of a Python file is a valid notebook."""
    nbformat.validate(nbformat.from_dict(read_script(text, "x.py").document))


def test_parameters_are_read_from_a_python_file(tmp_path: Path) -> None:
    """A tagged cell and dbutils' widgets declare parameters in Python files as well."""
    (tmp_path / "a.py").write_text(PERCENT)
    (tmp_path / "b.py").write_text(DATABRICKS)
    assert [(item.name, item.help) for item in read_notebook(tmp_path / "a.py").parameters] == [("limit", "how many")]
    assert [item.name for item in read_notebook(tmp_path / "b.py").parameters] == ["day"]


def test_a_python_file_that_is_no_notebook_is_refused() -> None:
    """A plain module is refused with what would make it a notebook."""
    with pytest.raises(DefinitionError, match="is a Python file and no notebook.*# Databricks notebook source"):
        read_script("x = 1\n", "x.py")
