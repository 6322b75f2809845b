"""A command line as it may be kept and shown. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from nbflow.define.pipelines.engines import engine_label


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
