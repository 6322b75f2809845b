"""A command line as it may be kept and shown. Pure."""

from __future__ import annotations

import os
from collections.abc import Sequence

from nbflow.define.pipelines.engines import engine_label

_OF_PROGRAMS = ("--json", "--value", "--how")


def as_typed(arguments: Sequence[str], folder: str, pipeline: str) -> list[str]:
    """``arguments`` as a person would have typed them, of a program that starts a run and exchanges files with it in ``folder``.

    Those files are gone when the run is over: options that name one are left out, and a pipeline that was handed over in one is named.
    """
    told: list[str] = []
    before = ""
    for argument in arguments:
        handed_over, option = argument.startswith(f"{folder}{os.sep}"), before
        before = argument
        if argument in _OF_PROGRAMS or option == "--how":
            continue
        if handed_over and option.startswith("--") and told[-1:] == [option] and option != "--":
            told.pop()
        else:
            told.append(pipeline if handed_over else argument)
    return told


def without_secrets(arguments: Sequence[str]) -> list[str]:
    """``arguments`` without what may be secret: an engine's address without its options, settings of Spark without values."""
    told: list[str] = []
    for argument in arguments:
        option, sign, value = argument.partition("=") if argument.startswith("--") else ("", "", argument)
        before = option if sign else told[-1] if told else ""
        if before == "--engine":
            argument = f"{option}{sign}{engine_label(value)}"
        elif before == "--spark-conf":
            argument = f"{option}{sign}{value.partition('=')[0]}=…"
        told.append(argument)
    return told
