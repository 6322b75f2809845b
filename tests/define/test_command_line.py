"""A command line as it may be kept."""

from __future__ import annotations

from nbflow.define.command_line import as_typed, without_secrets


def test_what_is_kept_of_a_command_line_holds_no_secret() -> None:
    """An address without its token, settings of Spark without their values; all else as it was given."""
    given = [
        "run",
        "p",
        "--engine",
        "sc://h:1/;token=hush",
        "--engine=sc://h:1/;token=hush",
        "--spark-conf",
        "a.key=hush",
        "--spark-conf=b=hush",
        "-p",
        "x=1",
    ]
    told = ["run", "p", "--engine", "sc://h:1", "--engine=sc://h:1", "--spark-conf", "a.key=…", "--spark-conf=b=…", "-p", "x=1"]
    assert without_secrets(given) == told


def test_what_a_program_started_is_kept_as_a_person_would_type_it() -> None:
    """Without the files that go between the two, and the options that are for programs; with the values and the pipeline's name that stood in them."""
    own = ["run", "--json", "--begun-file", "/tmp/call/begun.json", "--only", "a", "--how", "python"]
    given = [*own, "--parameters-file", "/tmp/call/parameters.json"]
    typed = ["run", "--only", "a", "-p", "n=2", "-p", "day=monday", "-p", 'all=["x"]', "--"]
    values = {"n": 2, "day": "monday", "all": ["x"]}
    assert as_typed([*given, "--", "p.yml"], "/tmp/call", "p", values) == [*typed, "p.yml"]
    assert as_typed([*given, "--value", "--", "/tmp/call/pipeline.json"], "/tmp/call", "p", values) == [*typed, "p"]
    kept = ["run", "--parameters-file", "/tmp/caller/mine.json", "p"]
    assert as_typed([*own, *kept[1:]], "/tmp/call", "p", values) == ["run", "--only", "a", *kept[1:]]
