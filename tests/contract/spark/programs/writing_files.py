"""Files that are written: the options of CSV, JSON, text and Parquet, values that are hard to write, folders and modes."""

from __future__ import annotations

import gzip
from typing import Any

from pyspark.sql import functions as F

from tests.contract.spark.register import Place, attempt, attempted, done, program


def _texts(place: Place, name: str, ending: str) -> list[str]:
    """What stands in the files of a folder."""
    return sorted(file.read_text("utf-8") for file in (place.folder / name).rglob(f"*{ending}"))


def _written(spark: Any, place: Place, frame: Any, kind: str, cases: list[dict[str, str]]) -> list[Any]:
    told = []
    for number, options in enumerate(cases):
        path = place.path(f"out{number}")
        write = frame.coalesce(1).write.options(**options)
        told.append([done(lambda write=write, path=path: write.format(kind).save(path)), _texts(place, f"out{number}", f".{'txt' if kind == 'text' else kind}")])  # fmt: skip
    return told


@program
def csv_written_with_options(spark: Any, place: Place) -> Any:
    """Header, separator, quotes, what stands for null, and the ends of lines."""
    frame = spark.createDataFrame([(1, 'a "b", c', None)], "i INT, s STRING, n STRING")
    cases = [
        {}, {"header": "true", "sep": ";"}, {"nullValue": "NULL"}, {"quote": "'"}, {"escape": '"'}, {"quoteAll": "true"}, {"lineSep": "|"}, {"escapeQuotes": "false"},
    ]  # fmt: skip
    return _written(spark, place, frame, "csv", cases)


@program
def csv_of_empty_texts(spark: Any, place: Place) -> Any:
    """An empty text is told from a null in CSV files."""
    frame = spark.createDataFrame([(1, None), (2, "")], "i INT, s STRING")
    return _written(spark, place, frame, "csv", [{}, {"emptyValue": "EMPTY"}, {"nullValue": "NULL"}])


@program
def csv_times_written_with_formats(spark: Any, place: Place) -> Any:
    """dateFormat and timestampFormat of written CSV files."""
    frame = spark.sql("SELECT DATE '2024-01-02' AS d, TIMESTAMP '2024-01-02 03:04:05' AS t")
    return _written(spark, place, frame, "csv", [{"dateFormat": "dd.MM.yyyy"}, {"timestampFormat": "dd.MM.yyyy HH:mm"}])


@program
def csv_blanks_written(spark: Any, place: Place) -> Any:
    """Blanks around texts, and the options that keep them or take them away."""
    frame = spark.createDataFrame([("  a  ", "b")], "x STRING, y STRING")
    cases = [{}, {"ignoreLeadingWhiteSpace": "false", "ignoreTrailingWhiteSpace": "false"}]
    return _written(spark, place, frame, "csv", cases)


@program
def csv_hard_texts_come_back(spark: Any, place: Place) -> Any:
    """Quotes, separators, line ends and backslashes are read as they were written."""
    path = place.path("out")
    rows = [
        (1, 'say "hi"'),
        (2, "a,b"),
        (3, "one\ntwo"),
        (4, "back\\slash"),
        (5, "ends with \\"),
        (6, '"'),
        (7, "ä€😀"),
        (8, "#no comment"),
    ]
    spark.createDataFrame(rows, "i INT, s STRING").write.csv(path)
    return spark.read.schema("i INT, s STRING").option("multiLine", "true").csv(path)


@program
def csv_of_nested_values(spark: Any, place: Place) -> Any:
    """Arrays, maps, structs and bytes cannot be written to CSV files, or are written as text."""
    values = ("array(1)", "map('a', 1)", "named_struct('a', 1)", "X'41'", "INTERVAL 1 DAY", "NULL")
    return [done(lambda value=value, number=number: spark.sql(f"SELECT {value} AS x").write.csv(place.path(f"o{number}"))) for number, value in enumerate(values)]  # fmt: skip


@program
def json_written_with_options(spark: Any, place: Place) -> Any:
    """Nulls, formats of times, compression."""
    frame = spark.sql("SELECT 1 AS i, CAST(NULL AS STRING) AS n, DATE '2024-01-02' AS d, TIMESTAMP '2024-01-02 03:04:05.678' AS t")
    cases = [{"ignoreNullFields": "false"}, {"dateFormat": "dd.MM.yyyy"}, {"timestampFormat": "yyyy/MM/dd"}]
    return _written(spark, place, frame, "json", cases)


@program
def json_hard_values_come_back(spark: Any, place: Place) -> Any:
    """Nested values, decimals, bytes, quotes and line ends are read as they were written."""
    path, schema = place.path("out"), "a ARRAY<INT>, m MAP<STRING, INT>, s STRUCT<x: INT>, d DECIMAL(20,5), b BINARY, t STRING, f DOUBLE"
    query = "SELECT array(1, NULL) AS a, map('k', 1) AS m, named_struct('x', 1) AS s, CAST(1234567890.12345 AS DECIMAL(20,5)) AS d, X'00ff' AS b, 'a\"b\\nc' AS t, 1e300D AS f"
    told = done(lambda: spark.sql(query).write.json(path))
    return [told, attempted(lambda: spark.read.schema(schema).json(path))]


@program
def json_of_special_numbers(spark: Any, place: Place) -> Any:
    """NaN and infinities in JSON files."""
    frame = spark.sql("SELECT CAST('NaN' AS DOUBLE) AS a, CAST('Infinity' AS DOUBLE) AS b")
    return _written(spark, place, frame, "json", [{}])


@program
def text_written(spark: Any, place: Place) -> Any:
    """Text files take one column of text."""
    frame = spark.createDataFrame([("a",), (None,), ("",)], "x STRING")
    told = _written(spark, place, frame, "text", [{}, {"lineSep": "|"}])
    return [told, done(lambda: spark.range(1).write.text(place.path("n"))), done(lambda: spark.sql("SELECT 'a' AS a, 'b' AS b").write.text(place.path("m")))]  # fmt: skip


@program
def compressed_files_are_written(spark: Any, place: Place) -> Any:
    """The option compression, of CSV, JSON and Parquet files."""
    frame = spark.createDataFrame([(1, "a")], "i INT, s STRING").coalesce(1)
    told: list[Any] = []
    for kind in ("csv", "json"):
        told.append(done(lambda kind=kind: frame.write.format(kind).option("compression", "gzip").save(place.path(kind))))
        told.append([gzip.decompress(file.read_bytes()).decode() for file in (place.folder / kind).glob("*.gz")])
    told.append(done(lambda: frame.write.option("compression", "gzip").parquet(place.path("parquet"))))
    return [told, attempted(lambda: spark.read.parquet(place.path("parquet"))), done(lambda: frame.write.option("compression", "nonsense").csv(place.path("no")))]  # fmt: skip


@program
def modes_of_files(spark: Any, place: Place) -> Any:
    """append, overwrite, ignore and errorifexists of CSV and JSON files."""
    told: list[Any] = []
    for kind in ("csv", "json"):
        frame, path = spark.createDataFrame([(1,)], "i INT"), place.path(kind)
        frame.write.format(kind).save(path)
        told.append(done(lambda frame=frame, kind=kind, path=path: frame.write.format(kind).save(path)))
        frame.write.format(kind).mode("append").save(path)
        frame.write.format(kind).mode("ignore").save(path)
        told.append(spark.read.schema("i INT").format(kind).load(path).count())
        frame.write.format(kind).mode("overwrite").save(path)
        told.append(spark.read.schema("i INT").format(kind).load(path).count())
    return told


@program
def partitioned_files(spark: Any, place: Place) -> Any:
    """partitionBy of CSV, JSON and Parquet files: the folders, and what is read of them."""
    frame = spark.createDataFrame([(1, "a", 2024), (2, "b", 2025)], "x INT, k STRING, y INT")
    told = []
    for kind in ("csv", "json", "parquet"):
        path = place.path(kind)
        frame.write.partitionBy("y", "k").format(kind).save(path)
        folders = sorted(str(folder.relative_to(path)) for folder in (place.folder / kind).rglob("*=*"))
        told.append([folders, spark.read.schema("x INT, y INT, k STRING").format(kind).load(path).select("x", "y", "k")])
    return told


@program
def files_by_records(spark: Any, place: Place) -> Any:
    """maxRecordsPerFile, repartition and coalesce decide how many files there are; buckets need a table."""
    frame = spark.range(10)
    frame.coalesce(1).write.option("maxRecordsPerFile", 4).parquet(place.path("a"))
    frame.repartition(3).write.parquet(place.path("b"))
    frame.coalesce(1).write.parquet(place.path("c"))
    counts = [len(list((place.folder / name).glob("*.parquet"))) for name in "abc"]
    return [counts, done(lambda: frame.write.bucketBy(2, "id").parquet(place.path("d"))), spark.read.parquet(place.path("a")).count()]


@program
def parquet_of_all_types(spark: Any, place: Place) -> Any:
    """Every type comes back from Parquet files as it was."""
    query = "SELECT CAST(1 AS TINYINT) AS b, CAST(1 AS SMALLINT) AS s, 1 AS i, 1L AS l, 1.5F AS f, 1.5D AS d, 1.50BD AS m, 'x' AS t, X'00' AS y, true AS o, DATE '2024-01-02' AS a, TIMESTAMP '2024-01-02 03:04:05.678901' AS z, TIMESTAMP_NTZ '2024-01-02 03:04:05' AS n, array(named_struct('x', 1, 'y', CAST(NULL AS STRING))) AS e, map('k', array(1)) AS g"
    spark.sql(query).write.parquet(place.path("out"))
    return spark.read.parquet(place.path("out"))


@program
def parquet_of_odd_names(spark: Any, place: Place) -> Any:
    """Names of columns with blanks, dots and in two cases."""
    path = place.path("out")
    return [
        done(lambda: spark.sql("SELECT 1 AS `a b`, 2 AS `x.y`, 3 AS `ä`").write.parquet(path)),
        attempted(lambda: spark.read.parquet(path).select("`a b`", "`x.y`", "`ä`")),
        done(lambda: spark.createDataFrame([(1, 2)], ["a", "A"]).write.parquet(place.path("two"))),
    ]


@program
def parquet_appends_of_other_columns(spark: Any, place: Place) -> Any:
    """Parquet files of other columns and types, read as one."""
    path, other = place.path("out"), place.path("other")
    spark.sql("SELECT 1 AS a, 'x' AS b").write.parquet(path)
    spark.sql("SELECT 'y' AS b, 2 AS a").write.mode("append").parquet(path)
    rows = spark.read.parquet(path).select("a", "b").orderBy("a").collect()
    spark.sql("SELECT 3L AS a, 'z' AS b").write.parquet(other)
    return [rows, attempt(lambda: spark.read.schema("a INT, b STRING").parquet(path, other).count())]


@program
def written_by_sql(spark: Any, place: Place) -> Any:
    """INSERT OVERWRITE DIRECTORY, and INSERT INTO the files of a path."""
    path = place.path("out")
    return [
        done(lambda: spark.sql(f"INSERT OVERWRITE DIRECTORY '{path}' USING parquet SELECT 1 AS a")),
        attempted(lambda: spark.read.parquet(path)),
        done(lambda: spark.sql(f"INSERT INTO parquet.`{path}` SELECT 2 AS a")),
        attempted(lambda: spark.read.parquet(path)),
    ]


@program
def written_and_collected_in_order(spark: Any, place: Place) -> Any:
    """orderBy and sortWithinPartitions are kept in a file."""
    frame = spark.createDataFrame([(3,), (1,), (2,)], "x INT")
    frame.orderBy(F.desc("x")).coalesce(1).write.json(place.path("a"))
    frame.coalesce(1).sortWithinPartitions("x").write.json(place.path("b"))
    return [_texts(place, "a", ".json"), _texts(place, "b", ".json")]
