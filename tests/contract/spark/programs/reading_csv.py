"""CSV files, as they come from other people."""

from __future__ import annotations

from typing import Any

from tests.contract.spark.register import Place, attempt, attempted, program

PEOPLE = "id,name,born\n1,Ann,2001-02-03\n2,,2002-03-04\n3,Cleo,\n"


@program
def csv_header_and_inference(spark: Any, place: Place) -> Any:
    """Types of columns are inferred, empty fields are null."""
    return spark.read.csv(place.file("a.csv", PEOPLE), header=True, inferSchema=True)


@program
def csv_infers_timestamps(spark: Any, place: Place) -> Any:
    """Timestamps, doubles and booleans are inferred."""
    return spark.read.csv(
        place.file("a.csv", "t,d,b\n2024-01-02 03:04:05,1.5,true\n2024-01-02 03:04:06,2,false\n"), header=True, inferSchema=True
    )


@program
def csv_column_without_values(spark: Any, place: Place) -> Any:
    """A column with nothing in it is text."""
    return spark.read.csv(place.file("a.csv", "a,b\n1,\n2,\n"), header=True, inferSchema=True)


@program
def csv_big_and_mixed_numbers(spark: Any, place: Place) -> Any:
    """Numbers beyond an int, decimals and text in one column."""
    return spark.read.csv(place.file("a.csv", "a,b,c\n3000000000,1,1\n1,1.5,x\n"), header=True, inferSchema=True)


@program
def csv_all_text_without_inference(spark: Any, place: Place) -> Any:
    """Without inference everything is text, and columns are called _c0."""
    return spark.read.csv(place.file("a.csv", "1,a\n2,b\n"))


@program
def csv_with_a_schema(spark: Any, place: Place) -> Any:
    """A schema as DDL gives the types."""
    return spark.read.schema("id BIGINT, name STRING, born DATE").csv(place.file("a.csv", PEOPLE), header=True)


@program
def csv_schema_goes_by_position(spark: Any, place: Place) -> Any:
    """A schema's names replace those of the header, by position."""
    return spark.read.schema("x STRING, y STRING, z STRING").csv(place.file("a.csv", PEOPLE), header=True)


@program
def csv_short_and_long_rows(spark: Any, place: Place) -> Any:
    """A row with too few fields is filled with nulls, one with too many is cut."""
    paths = [place.file(f"{name}.csv", f"1,2,3\n{row}\n") for name, row in (("short", "4,5"), ("long", "6,7,8,9"))]
    return [attempted(lambda path=path: spark.read.schema("a INT, b INT, c INT").csv(path)) for path in paths]


@program
def csv_bad_values_become_null(spark: Any, place: Place) -> Any:
    """PERMISSIVE: what is no number is null."""
    return spark.read.schema("a INT, b INT").csv(place.file("a.csv", "1,2\nx,3\n"))


@program
def csv_corrupt_record_column(spark: Any, place: Place) -> Any:
    """The text of a bad row is kept in a column for it."""
    return spark.read.schema("a INT, b INT, _corrupt_record STRING").csv(place.file("a.csv", "1,2\nx,3\n"))


@program
def csv_drop_malformed(spark: Any, place: Place) -> Any:
    """DROPMALFORMED leaves bad rows out."""
    return spark.read.schema("a INT, b INT").csv(place.file("a.csv", "1,2\nx,3\n"), mode="DROPMALFORMED").select("a", "b")


@program
def csv_fail_fast(spark: Any, place: Place) -> Any:
    """FAILFAST refuses a bad row."""
    return attempted(lambda: spark.read.schema("a INT, b INT").csv(place.file("a.csv", "1,2\nx,3\n"), mode="FAILFAST"))


@program
def csv_separator_quote_escape(spark: Any, place: Place) -> Any:
    """Another separator, quotes that are doubled or escaped."""
    text = "a;b\n'x;y';1\n'it\\'s';2\nz;3\n"
    return spark.read.csv(place.file("a.csv", text), header=True, sep=";", quote="'")


@program
def csv_doubled_quotes(spark: Any, place: Place) -> Any:
    """Quotes doubled within quotes, as spreadsheets write them, need ``escape``."""
    return spark.read.csv(place.file("a.csv", 'a,b\n"say ""hi""",1\n'), header=True, escape='"')


@program
def csv_lines_within_quotes(spark: Any, place: Place) -> Any:
    """Without multiLine a line ends where it ends, also within quotes."""
    return spark.read.csv(place.file("a.csv", 'a,b\n"x\ny",1\n'), header=True)


@program
def csv_multi_line(spark: Any, place: Place) -> Any:
    """With multiLine a quoted field may hold line ends."""
    return spark.read.csv(place.file("a.csv", 'a,b\n"x\ny",1\n'), header=True, multiLine=True)


@program
def csv_null_and_empty_values(spark: Any, place: Place) -> Any:
    """``nullValue`` and ``emptyValue`` say what stands for null and for nothing."""
    return spark.read.csv(place.file("a.csv", 'a,b\nNA,1\n"",2\n'), header=True, nullValue="NA", emptyValue="nothing")


@program
def csv_encoding(spark: Any, place: Place) -> Any:
    """A file in Latin 1."""
    return spark.read.csv(place.file("a.csv", "name\nZoë\n".encode("latin-1")), header=True, encoding="ISO-8859-1")


@program
def csv_date_formats(spark: Any, place: Place) -> Any:
    """Dates and times in the writer's format."""
    text = "d,t\n03/02/2001,03/02/2001 04.05\n"
    path, formats = place.file("a.csv", text), {"dateFormat": "dd/MM/yyyy", "timestampFormat": "dd/MM/yyyy HH.mm"}
    return [
        attempted(lambda schema=schema: spark.read.schema(schema).options(**formats).csv(path, header=True))
        for schema in ("d DATE, t TIMESTAMP", "d STRING, t TIMESTAMP", "d DATE, t STRING")
    ]


@program
def csv_comments_and_blanks(spark: Any, place: Place) -> Any:
    """Lines of comment are left out, blanks around values too."""
    text = "a,b\n# no\n x , y \n"
    return spark.read.csv(place.file("a.csv", text), header=True, comment="#", ignoreLeadingWhiteSpace=True, ignoreTrailingWhiteSpace=True)


@program
def csv_folder_of_files(spark: Any, place: Place) -> Any:
    """All files of a folder, hidden ones left out."""
    for name, text in (("one.csv", "a\n1\n"), ("two.csv", "a\n2\n"), ("_hidden.csv", "a\n3\n")):
        place.file(f"all/{name}", text)
    return spark.read.csv(place.path("all"), header=True)


@program
def csv_globs_and_lists(spark: Any, place: Place) -> Any:
    """Paths with stars, and several paths."""
    paths = [place.file(f"{name}.csv", f"{name}\n") for name in ("x1", "x2", "y1")]
    return [spark.read.csv(place.path("x*.csv")), spark.read.csv([paths[0], paths[2]])]


@program
def csv_written_and_read(spark: Any, place: Place) -> Any:
    """Nulls, quotes and separators come back; blanks around a text do not."""
    spark.createDataFrame([("a,b", None), ('say "hi"', "z"), ("x", " y ")], "a STRING, b STRING").coalesce(1).write.csv(
        place.path("out"), header=True
    )
    return spark.read.csv(place.path("out"), header=True)


@program
def csv_text_of_values(spark: Any, place: Place) -> Any:
    """How doubles, times and booleans stand in a file."""
    query = "SELECT 1.0E7D AS d, 0.001D AS e, CAST('Infinity' AS DOUBLE) AS i, TIMESTAMP '2024-01-02 03:04:05.6' AS t, true AS b, DATE '2024-01-02' AS x"
    spark.sql(query).coalesce(1).write.csv(place.path("out"))
    return spark.read.text(place.path("out"))


@program
def csv_partition_columns(spark: Any, place: Place) -> Any:
    """Folders ``k=v`` give a column; its type is inferred."""
    place.file("t/k=1/a.csv", "x\n1\n")
    place.file("t/k=2/a.csv", "x\n2\n")
    return spark.read.csv(place.path("t"), header=True)


@program
def csv_null_partition_is_read(spark: Any, place: Place) -> Any:
    """The folder that stands for null gives null."""
    place.file("t/day=2024-01-02/a.csv", "1\n")
    place.file("t/day=__HIVE_DEFAULT_PARTITION__/a.csv", "2\n")
    return spark.read.schema("x INT, day DATE").csv(place.path("t"))


@program
def missing_path(spark: Any, place: Place) -> Any:
    """A path that is not there is refused, for each format."""
    return [
        attempted(lambda kind=kind: spark.read.schema("a INT").format(kind).load(place.path("nowhere")))
        for kind in ("csv", "json", "parquet", "text", "delta")
    ]


@program
def missing_path_in_a_list(spark: Any, place: Place) -> Any:
    """One missing path among others is refused."""
    return attempted(lambda: spark.read.csv([place.file("a.csv", "1\n"), place.path("nowhere.csv")]))


@program
def relative_path_is_read(spark: Any, place: Place) -> Any:
    """A relative path starts at the notebook's folder."""
    place.file("a.csv", "1\n2\n")
    return spark.read.csv(place.relative("a.csv"))


@program
def csv_from_rows_of_text(spark: Any, place: Place) -> Any:
    """``from_csv`` and ``schema_of_csv``."""
    return attempt(lambda: spark.sql("SELECT from_csv('1,x,2.5', 'a INT, b STRING, c DOUBLE') AS r, schema_of_csv('1,abc') AS s"))
