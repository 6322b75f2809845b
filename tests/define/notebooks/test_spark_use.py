"""Whether a notebook needs Spark, told from its code."""

from __future__ import annotations

from pathlib import Path

import pytest

from nbflow.define.notebooks.spark_use import spark_use


def use(folder: Path, *sources: str) -> tuple[bool, bool]:
    return spark_use([{"cell_type": "code", "source": source} for source in sources], folder)


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        (["import pandas as pd\nx = 1"], (False, False)),
        (["print('import pyspark')  # spark"], (False, False)),
        (["from pyspark.sql import SparkSession\nspark = SparkSession.builder.getOrCreate()", "spark.range(1)"], (True, False)),
        (["%matplotlib inline\nimport pyspark.pandas as ps"], (True, False)),
        (["def f():\n    from delta.tables import DeltaTable"], (True, False)),
        (["import importlib\nm = importlib.import_module('pyspark.sql')"], (True, False)),
        (["from nbflow import spark\nspark.range(1)"], (True, False)),
        (["import nbflow\nnbflow.spark.range(1)"], (True, False)),
        (["df = spark.table('bronze.events')"], (True, True)),
        (["x = 1", "def load():\n    return spark.table('a')"], (True, True)),
        (["df = await work(spark)"], (True, True)),
        (["def f(spark):\n    return spark.range(1)\nf(spark)"], (True, True)),
        (["def f(spark):\n    return spark.range(1)"], (False, False)),
        (["spark = 'a colour'\nprint(spark)"], (False, False)),
        (["def make():\n    global spark\n    spark = 1\nmake()", "print(spark)"], (False, False)),
        (["%%sql\nselect 1"], (True, False)),
        (["broken = (", "spark.range(1)"], (True, True)),
        (["%%bash\nspark-submit x"], (False, False)),
    ],
)
def test_the_code_tells(tmp_path: Path, sources: list[str], expected: tuple[bool, bool]) -> None:
    """Imports, SQL cells and a name ``spark`` that nobody made need Spark; texts, comments and own names do not."""
    assert use(tmp_path, *sources) == expected


def test_modules_beside_the_notebook_are_followed(tmp_path: Path) -> None:
    """A module or package beside the notebook that imports Spark, also through another and in a circle, needs it."""
    (tmp_path / "steps.py").write_text("import loading\n")
    (tmp_path / "loading.py").write_text("import steps\nfrom tools import reading\n")
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools/__init__.py").write_text("")
    (tmp_path / "tools/reading.py").write_text("from . import sessions\n")
    (tmp_path / "tools/sessions.py").write_text("from pyspark.sql import SparkSession\n")
    (tmp_path / "harmless.py").write_text("raise SystemExit  # never imported\n")
    (tmp_path / "broken.py").write_text("import (\n")
    assert use(tmp_path, "import steps") == (True, False)
    assert use(tmp_path, "from tools.sessions import x") == (True, False)
    assert use(tmp_path, "import harmless, broken") == (False, False)


def test_markdown_says_nothing(tmp_path: Path) -> None:
    """Only code counts."""
    assert spark_use([{"cell_type": "markdown", "source": "import pyspark"}], tmp_path) == (False, False)


def test_the_sql_of_somebody_else_is_not_sparks(tmp_path: Path) -> None:
    """JupySQL's ``%sql`` speaks to other databases: a notebook that loads it starts no engine for it."""
    sql = {"cell_type": "code", "source": "%%sql\nSELECT 1", "metadata": {}}
    other = {"cell_type": "code", "source": "%load_ext sql", "metadata": {}}
    assert spark_use([sql], tmp_path) == (True, False)
    assert spark_use([other, sql], tmp_path) == (False, False)
