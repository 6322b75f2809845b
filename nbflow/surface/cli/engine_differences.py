"""``nbflow engine differences``: where the embedded engine answers otherwise than Spark."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict

import click

from nbflow.surface.cli.options import common_options, json_option
from nbflow.surface.cli.session import DOCUMENT_VERSION, print_json
from nbflow.surface.cli.terminal import clean, stdout

_MARKS = {"differs": "", "refused": " (refused)", "crashed": " (breaks the call)"}


@click.command("differences")
@json_option
@common_options()
def differences(as_json: bool) -> None:
    """List what Sail, the embedded engine, does otherwise than Spark, with an answer of each.

    The answers are those of nbflow's own conformance suite. 'nbflow validate --engine sail' tells where a notebook uses
    one of these.
    """
    from nbflow.plan.differences import known_differences

    found = known_differences()
    if as_json:
        print_json({"version": DOCUMENT_VERSION, "differences": [asdict(difference) for difference in found]})
        return
    area = ""
    for difference in found:
        if difference.area != area:
            stdout.line(("\n" if area else "") + stdout.paint(difference.area, "bold"))
            area = difference.area
        stdout.line(f"  {difference.key}{_MARKS[difference.kind]}: {difference.what}")
        stdout.line(f"      spark  {clean(difference.spark)}")
        stdout.line(f"      sail   {clean(difference.sail)}")
    counts = Counter(difference.kind for difference in found)
    broken = f", {counts['crashed']} break the call" if counts["crashed"] else ""
    stdout.line(f"\n{len(found)} kinds: {counts['differs']} answer otherwise, {counts['refused']} are refused{broken}")
