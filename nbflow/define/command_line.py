"""A command line as it may be kept and shown. Pure."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

from nbflow.define.pipelines.engines import engine_label

_OF_PROGRAMS = {"--json": 1, "--value": 1, "--how": 2, "--begun-file": 2}
"""Options that a person does not give, with the number of their words."""


def as_typed(arguments: Sequence[str], folder: str, pipeline: str, values: Mapping[str, Any]) -> list[str]:
    """``arguments`` as a person would have typed them, of a program that starts a run and exchanges files with it in ``folder``.

    Those files are gone when the run is over: ``values``, as JSON has them, stood in one, and the pipeline of this name may have.
    """
    end = arguments.index("--") if "--" in arguments else len(arguments)
    told, at, inside = [], 0, f"{folder}{os.sep}"
    while at < end:
        words = _OF_PROGRAMS.get(arguments[at], 0)
        if arguments[at] == "--parameters-file" and "".join(arguments[at + 1 : at + 2]).startswith(inside):
            told += [word for name, value in values.items() for word in ("-p", f"{name}={_text(value)}")]
            words = 2
        told += [] if words else [arguments[at]]
        at += words or 1
    return [*told, *(pipeline if argument.startswith(inside) else argument for argument in arguments[end:])]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


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
