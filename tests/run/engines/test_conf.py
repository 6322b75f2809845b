"""The settings and arguments that a driver is started with."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from nbflow.core.errors import EngineError
from nbflow.run.engines.conf import argument_file, driver_options
from nbflow.run.engines.java import find_java


def test_defaults_are_delta_local_and_private() -> None:
    """Without settings of the workspace: Delta's extension and catalog, all cores, loopback, no web page."""
    options = driver_options({}, "1g", Path("/w"), Path("/s/tmp"), 4)
    expected = {
        "spark.master": "local[4]", "spark.sql.shuffle.partitions": "4", "spark.sql.warehouse.dir": "/w", "spark.local.dir": "/s/tmp",
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension", "spark.sql.sources.default": "delta",
        "spark.driver.bindAddress": "127.0.0.1", "spark.ui.enabled": "false", "spark.sql.codegen.cache.maxEntries": "1000",
    }  # fmt: skip
    assert {name: options.settings[name] for name in expected} == expected
    assert (options.memory, options.java_options, options.class_path) == ("1g", (), ())


def test_one_core_still_has_two_slots() -> None:
    """One slot would let a single stuck task stop every notebook."""
    assert driver_options({}, "1g", Path("/w"), Path("/s"), 1).settings["spark.master"] == "local[2]"


@pytest.mark.parametrize(("cores", "notebooks", "slots"), [(1, 1, 2), (2, 2, 3), (2, 8, 9), (16, 4, 16), (4, 4, 5)])
def test_all_notebooks_at_once_and_one_more_have_a_slot(cores: int, notebooks: int, slots: int) -> None:
    """With fewer slots than busy notebooks Spark could let one wait for the ends of others; what is read is cut by cores all the same."""
    settings = driver_options({}, "1g", Path("/w"), Path("/s"), cores, notebooks).settings
    assert settings["spark.master"] == f"local[{slots}]"
    assert settings["spark.sql.shuffle.partitions"] == settings["spark.default.parallelism"] == str(max(2, cores))


def test_the_workspaces_settings_win() -> None:
    """Settings replace the defaults, in Spark's spelling of booleans; those of the launcher become what they mean."""
    given = {
        "spark.sql.shuffle.partitions": 7, "spark.ui.enabled": True, "spark.driver.memory": "3g", "spark.sql.extensions": "my.Extension",
        "spark.driver.extraJavaOptions": "-Da='b c' -XX:+UseG1GC", "spark.driver.extraClassPath": "/x:/y", "spark.jars": "/j.jar, file:/k.jar",
    }  # fmt: skip
    options = driver_options(given, "1g", Path("/w"), Path("/s"), 2)
    assert options.settings["spark.sql.shuffle.partitions"] == "7"
    assert options.settings["spark.ui.enabled"] == "true"
    assert options.settings["spark.sql.extensions"] == "io.delta.sql.DeltaSparkSessionExtension,my.Extension"
    assert options.memory == "3g"
    assert options.java_options == ("-Da=b c", "-XX:+UseG1GC")
    assert options.class_path == ("/x", "/y", "/j.jar", "/k.jar")


@pytest.mark.parametrize(
    ("size", "taken"),
    [
        ("2g", "2g"),
        (" 2g", "2g"),
        ("2GB", "2097152k"),
        ("700", "716800k"),
        ("1073741824b", "1048576k"),
        ("524288k", "524288k"),
        ("lots", "lots"),
    ],
)
def test_a_heap_is_said_as_spark_takes_it(size: str, taken: str) -> None:
    """Spark's sizes, of which a bare number is MiB, become Java's, of which one is bytes; what is none is left for Java to tell of."""
    assert driver_options({"spark.driver.memory": size}, "1g", Path("/w"), Path("/s"), 2).memory == taken


def test_what_cannot_be_done_is_refused() -> None:
    """Packages to be fetched by Spark's launcher, and a heap with which Spark would not start, are refused with words."""
    with pytest.raises(EngineError, match=r"spark\.driver\.memory: 300mb is too little.*512m is the least"):
        driver_options({"spark.driver.memory": "300mb"}, "1g", Path("/w"), Path("/s"), 2)
    with pytest.raises(EngineError, match=r"spark\.jars\.packages.*spark\.jars"):
        driver_options({"spark.jars.packages": "a:b:1"}, "1g", Path("/w"), Path("/s"), 2)


def test_java_reads_the_arguments_as_they_were(tmp_path: Path) -> None:
    """Whatever stands in a setting, Java gets exactly that: quotes, backslashes, blanks, signs."""
    values = ["plain", "two words", 'a "quoted" word', "it's", "back\\slash\\", "#no comment", "$HOME *", "{1} [x]", "-x=y", "\\n"]
    file = tmp_path / "driver args"
    file.write_text(argument_file([f"-Dnbflow.{number}={value}" for number, value in enumerate(values)]))
    java = find_java(os.environ)
    shown = subprocess.run(
        [str(java.program), f"@{file}", "-XshowSettings:properties", "-version"], capture_output=True, text=True, check=True
    )
    lines = [line.strip() for line in shown.stderr.splitlines()]
    assert [value for number, value in enumerate(values) if f"nbflow.{number} = {value}" not in lines] == []
