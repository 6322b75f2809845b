"""Where a notebook uses what the embedded engine does otherwise: found by reading, by names and not by looks."""

from __future__ import annotations

import pytest

from nbflow.plan.differences import found_in, known_differences


def keys(source: str, language: str = "python") -> dict[str, int]:
    """The differences that a source uses, with their lines."""
    return {difference.key: line for difference, line in found_in(source, language)}


def test_an_option_is_found_in_each_way_of_writing_it() -> None:
    """As a call, as a keyword, among several, as a setting of the session and of SQL; not with another value."""
    for text in (
        'df.write.option("partitionOverwriteMode", "dynamic").save("x")',
        'df.write.options(partitionOverwriteMode="dynamic").save("x")',
        'df.write.options(**{"partitionOverwriteMode": "dynamic"}).save("x")',
        'spark.conf.set("spark.sql.sources.partitionOverwriteMode", "DYNAMIC")',
        'spark.sql("SET spark.sql.sources.partitionOverwriteMode = dynamic")',
    ):
        assert "dynamic-partition-overwrite" in keys(text), text
    assert "dynamic-partition-overwrite" not in keys('df.write.option("partitionOverwriteMode", "static").save("x")')


def test_a_function_is_found_in_python_and_in_sql() -> None:
    """By the name that is called; a column or a text of that name is none."""
    assert keys("import x\ny = F.input_file_name()") == {"names-of-files": 2}
    assert keys('spark.sql("SELECT input_file_name() AS f")') == {"names-of-files": 1}
    assert keys('spark.sql("SELECT input_file_name FROM t")') == {}
    assert keys("""spark.sql("SELECT 'input_file_name()' -- input_file_name()")""") == {}


def test_lines_are_those_where_it_stands() -> None:
    """In a chain over several lines, and within a text of SQL over several lines."""
    chain = 'x = (\n    df.groupBy("k")\n    .count()\n    .rdd\n)'
    assert keys(chain) == {"rdds": 4}
    assert set(keys('q = 1\nspark.sql(f"""\n  SELECT a\n  FROM {t}\n  QUALIFY x\n""")').values()) == {5}


def test_sql_is_read_without_its_comments_and_literals() -> None:
    """Words in any case and with any blanks between them."""
    assert keys("select 1;\nOptimize\n t", "sql") == {"maintenance": 2}
    assert keys("-- OPTIMIZE t\n/* OPTIMIZE t\n*/ SELECT 'OPTIMIZE t', `optimize` FROM t", "sql") == {}
    assert keys("%%sql\nOPTIMIZE t") == {"maintenance": 2}


@pytest.mark.parametrize("source", ["", "x = ", "import pandas as pd\npd.read_csv('a.csv')", "# spark.sql('OPTIMIZE t')", "!ls"])
def test_other_code_holds_none(source: str) -> None:
    """Broken code, comments and shell lines do not disturb."""
    assert keys(source) == {}


def test_the_table_is_told_for_people() -> None:
    """Each entry has a sentence, both answers and a program that shows it; signs are few enough to be told apart."""
    for difference in known_differences():
        assert difference.what.endswith("."), difference.key
        assert difference.spark, difference.key
        assert difference.sail, difference.key
        assert difference.programs, difference.key
        assert difference.kind in ("differs", "refused", "crashed"), difference.key


def test_functions_of_python_with_the_name_of_one_of_sql_are_none() -> None:
    """As ``date.weekday()`` and ``numpy.rint``: only the text of SQL tells that these are meant."""
    assert keys("date.today().weekday() + np.rint(2.5) + math.factorial(3)") == {}
    assert set(keys('df.selectExpr("weekday(d)", "rint(x)", "factorial(3)")')) == {"weekday", "rint", "overflow-of-functions"}


def test_a_part_of_a_date_is_found_where_it_is_taken() -> None:
    """By the word behind the bracket; other parts are none."""
    assert set(keys("SELECT extract (DOW FROM d), EXTRACT(dayofweek FROM d)", "sql")) == {"day-of-the-week-as-part", "date-parts"}
    assert keys("SELECT extract(DOY FROM d), dow FROM t", "sql") == {}
