"""A command line as it may be kept."""

from __future__ import annotations

from nbflow.define.command_line import without_secrets


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
