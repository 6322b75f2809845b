"""JSON, Parquet, text and binary files."""

from __future__ import annotations

from typing import Any

from pyspark.sql import functions as F

from tests.contract.spark.register import Place, attempted, program


@program
def json_inference(spark: Any, place: Place) -> Any:
    """Types of lines of JSON are inferred, columns in the order of the alphabet."""
    return spark.read.json(place.file("a.json", '{"b":1,"a":"x"}\n{"a":"y","c":[1,2],"d":{"e":1.5}}\n'))


@program
def json_types_that_differ(spark: Any, place: Place) -> Any:
    """A column of numbers and text is text; of ints and doubles, double."""
    paths = [place.file(f"{name}.json", text) for name, text in (("a", '{"a":1}\n{"a":"x"}\n'), ("b", '{"b":1}\n{"b":2.5}\n'))]
    return [attempted(lambda path=path: spark.read.json(path)) for path in paths]


@program
def json_primitives_as_string(spark: Any, place: Place) -> Any:
    """``primitivesAsString`` keeps numbers and booleans as text."""
    return spark.read.json(place.file("a.json", '{"a":1,"b":true,"c":1.50}\n'), primitivesAsString=True)


@program
def json_corrupt_lines(spark: Any, place: Place) -> Any:
    """A line that is no JSON stands in _corrupt_record."""
    return spark.read.json(place.file("a.json", '{"a":1}\n{broken\n')).select("a", "_corrupt_record")


@program
def json_corrupt_lines_with_schema(spark: Any, place: Place) -> Any:
    """With a schema a bad line is a row of nulls."""
    return spark.read.schema("a INT, b STRING").json(place.file("a.json", '{"a":1,"b":"x"}\n{broken\n{"a":"no","b":"y"}\n'))


@program
def json_fail_fast(spark: Any, place: Place) -> Any:
    """FAILFAST refuses a bad line."""
    return attempted(lambda: spark.read.schema("a INT").json(place.file("a.json", '{"a":1}\n{broken\n'), mode="FAILFAST"))


@program
def json_multi_line(spark: Any, place: Place) -> Any:
    """One array over several lines."""
    return spark.read.json(place.file("a.json", '[\n {"a": 1},\n {"a": 2}\n]\n'), multiLine=True)


@program
def json_with_schema(spark: Any, place: Place) -> Any:
    """Missing fields are null, further ones left out, nested ones typed."""
    schema = "id BIGINT, tags ARRAY<STRING>, at TIMESTAMP, more STRUCT<x: INT, y: DECIMAL(5,2)>"
    return spark.read.schema(schema).json(
        place.file("a.json", '{"id":1,"tags":["a",null],"at":"2024-01-02T03:04:05Z","more":{"y":1.25},"z":0}\n')
    )


@program
def json_text_functions(spark: Any, place: Place) -> Any:
    """``from_json``, ``to_json``, ``get_json_object``, ``json_tuple``, ``schema_of_json``."""
    return [
        spark.sql("""SELECT from_json('{"a":1,"b":[1.5]}', 'a INT, b ARRAY<DOUBLE>') AS r"""),
        spark.sql("""SELECT from_json('{"a":"x"}', 'a INT') AS bad, from_json('nonsense', 'a INT') AS worse"""),
        spark.sql("""SELECT to_json(named_struct('a', 1, 'b', CAST(NULL AS INT), 't', DATE '2024-01-02')) AS j"""),
        spark.sql("""SELECT get_json_object('{"a":{"b":[1,2]}}', '$.a.b[1]') AS x, get_json_object('{"a":1}', '$.z') AS y"""),
        spark.sql("""SELECT json_tuple('{"a":1,"b":"x"}', 'a', 'b')"""),
        spark.sql("""SELECT schema_of_json('{"a":1,"b":[{"c":1.5}]}') AS s"""),
    ]


@program
def json_star_paths(spark: Any, place: Place) -> Any:
    """``get_json_object`` with a star over an array."""
    return spark.sql("""SELECT get_json_object('[{"k":1},{"k":2}]', '$[*].k') AS x""")


@program
def json_written(spark: Any, place: Place) -> Any:
    """How values and nulls stand in a file of JSON."""
    spark.sql("SELECT 1 AS a, CAST(NULL AS INT) AS b, array(1.5D) AS c, map('k', 1) AS d, TIMESTAMP '2024-01-02 03:04:05' AS t").coalesce(
        1
    ).write.json(place.path("out"))
    return spark.read.text(place.path("out"))


@program
def parquet_round_trip(spark: Any, place: Place) -> Any:
    """All simple types come back as they were."""
    query = (
        "SELECT CAST(1 AS TINYINT) AS a, CAST(2 AS SMALLINT) AS b, 3 AS c, 4L AS d, 1.5F AS e, 2.5D AS f, CAST(1.25 AS DECIMAL(9,2)) AS g, 'x' AS h, "
        "X'0102' AS i, true AS j, DATE '2024-01-02' AS k, TIMESTAMP '2024-01-02 03:04:05.678901' AS l, TIMESTAMP_NTZ '2024-01-02 03:04:05' AS m, "
        "array(1, NULL) AS n, map('k', named_struct('x', 1)) AS o"
    )
    spark.sql(query).write.parquet(place.path("out"))
    return spark.read.parquet(place.path("out"))


@program
def parquet_merge_schema(spark: Any, place: Place) -> Any:
    """Files with different columns; where one is missing there is null."""
    spark.sql("SELECT 1 AS a").write.parquet(place.path("t/k=1"))
    spark.sql("SELECT 2 AS a, 2.5D AS b, 'x' AS c").write.parquet(place.path("t/k=2"))
    return spark.read.option("mergeSchema", "true").parquet(place.path("t"))


@program
def parquet_null_partition(spark: Any, place: Place) -> Any:
    """A null in the column that files are parted by comes back as null."""
    rows = [(1, "2024-01-02"), (2, None)]
    spark.createDataFrame(rows, "x INT, day STRING").withColumn("day", F.col("day").cast("date")).write.partitionBy("day").parquet(
        place.path("out")
    )
    return spark.read.parquet(place.path("out"))


@program
def parquet_partitions_with_odd_text(spark: Any, place: Place) -> Any:
    """Blanks, slashes and percent signs in partition values."""
    spark.createDataFrame([(1, "a b"), (2, "c/d"), (3, "50%")], "x INT, k STRING").write.partitionBy("k").parquet(place.path("out"))
    return spark.read.parquet(place.path("out"))


@program
def parquet_partitions_with_empty_text(spark: Any, place: Place) -> Any:
    """An empty text in a partition's value comes back as null."""
    spark.createDataFrame([(1, "a"), (2, "")], "x INT, k STRING").write.partitionBy("k").parquet(place.path("out"))
    return spark.read.parquet(place.path("out"))


@program
def parquet_modes(spark: Any, place: Place) -> Any:
    """Append, overwrite, ignore, and error where something is there."""
    frame, path = spark.range(2), place.path("out")
    frame.write.parquet(path)
    frame.write.mode("append").parquet(path)
    frame.write.mode("ignore").parquet(path)
    refused = attempted(lambda: frame.write.parquet(path))
    appended = spark.read.parquet(path).count()
    frame.write.mode("overwrite").parquet(path)
    return [refused, appended, spark.read.parquet(path).count()]


@program
def parquet_dynamic_overwrite(spark: Any, place: Place) -> Any:
    """Only the partitions that are written anew are replaced."""
    path = place.path("out")
    spark.createDataFrame([(1, "a"), (2, "b")], "x INT, k STRING").write.partitionBy("k").parquet(path)
    new = spark.createDataFrame([(9, "a")], "x INT, k STRING")
    new.write.mode("overwrite").option("partitionOverwriteMode", "dynamic").partitionBy("k").parquet(path)
    return spark.read.parquet(path)


@program
def text_files(spark: Any, place: Place) -> Any:
    """Lines of text, whole files, and another line separator."""
    path = place.file("a.txt", "one\n\ntwo")
    return [spark.read.text(path), spark.read.text(path, wholetext=True), spark.read.text(place.file("b.txt", "a;b"), lineSep=";")]


@program
def binary_files(spark: Any, place: Place) -> Any:
    """Files as bytes, with their length."""
    place.file("in/a.bin", b"\x00\x01")
    return spark.read.format("binaryFile").load(place.path("in")).select("length", "content")


@program
def ids_of_lines(spark: Any, place: Place) -> Any:
    """Ids of rows count the lines of a file, each time, where Spark reads it in one part."""
    path = place.file("lines.txt", "".join(f"{number:200}\n" for number in range(10_000)))
    lines = spark.read.text(path).select(F.trim("value").cast("int").alias("line"), F.monotonically_increasing_id().alias("id"))
    return all(lines.where("line <> id").count() == 0 for _ in range(3))


@program
def names_of_files(spark: Any, place: Place) -> Any:
    """``input_file_name()`` and ``_metadata`` tell the file of each row."""
    path = place.file("a.csv", "1\n")
    return [
        attempted(lambda: spark.read.csv(path).select(F.input_file_name().alias("f"))),
        attempted(lambda: spark.read.csv(path).select("_metadata.file_name", "_metadata.file_size")),
    ]


@program
def files_in_sql(spark: Any, place: Place) -> Any:
    """A file named in SQL by format and path."""
    spark.range(3).write.parquet(place.path("out"))
    return spark.sql(f"SELECT * FROM parquet.`{place.path('out')}`")


@program
def recursive_lookup_and_glob_filter(spark: Any, place: Place) -> Any:
    """Folders within folders, and a filter on names."""
    place.file("in/a.csv", "1\n")
    place.file("in/deep/b.csv", "2\n")
    place.file("in/deep/c.txt", "3\n")
    return spark.read.option("recursiveFileLookup", "true").option("pathGlobFilter", "*.csv").schema("x INT").csv(place.path("in"))


@program
def compressed_files(spark: Any, place: Place) -> Any:
    """Gzip is written and read by the file's name."""
    spark.range(2).coalesce(1).write.option("compression", "gzip").csv(place.path("out"))
    return spark.read.csv(place.path("out"))


@program
def orc_round_trip(spark: Any, place: Place) -> Any:
    """ORC is written and read."""
    spark.sql("SELECT 1 AS a, 'x' AS b").write.orc(place.path("out"))
    return spark.read.orc(place.path("out"))


@program
def xml_is_read(spark: Any, place: Place) -> Any:
    """XML with a row tag."""
    return spark.read.format("xml").option("rowTag", "row").load(place.file("a.xml", "<rows><row><a>1</a><b>x</b></row></rows>"))
