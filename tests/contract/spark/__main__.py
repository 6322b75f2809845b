"""``python -m tests.contract.spark``: run the suite by hand; ``--write`` keeps the answers of plain sessions and the points at which
Sail differs, and refreshes the table of differences; whoever writes new points names the entry of each in ``points.json``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.contract.spark import oracle, table
from tests.contract.spark.compare import bare
from tests.contract.spark.engines import QUICK, answers_of
from tests.contract.spark.register import topics

ENGINES = ("plain", "attached", "sail")


def main() -> int:
    """Do what the command line says; 1 when an answer is not as it is kept."""
    parser = argparse.ArgumentParser(prog="python -m tests.contract.spark")
    parser.add_argument("engines", nargs="*", default=ENGINES, help="plain, attached, sail; one after the other")
    parser.add_argument("-k", dest="only", nargs="+", default=[""], help="only programs whose name or topic holds one of these texts")
    parser.add_argument("-o", dest="kept", help="a folder that keeps the answers, one file for each engine; those there are taken over")
    parser.add_argument("--compare", action="store_true", help="run nothing; compare the answers that are kept")
    parser.add_argument(
        "--write", action="store_true", help="keep plain Spark's answers and Sail's points, refresh the table of differences"
    )
    parser.add_argument("--usual", action="store_true", help="without the settings that make Spark's drivers quick")
    given = parser.parse_args()
    names = [name for name, topic in topics().items() if any(text in f"{topic}.{name}" for text in given.only)]
    with tempfile.TemporaryDirectory(prefix="conformance-") as root:
        kept = Path(given.kept or root)
        for engine in () if given.compare else given.engines:
            _run(engine, names, Path(root), kept / f"{engine}.json", {} if given.usual else QUICK)
        answers = {engine: _read(kept / f"{engine}.json") for engine in ENGINES}
        answers["plain"] = {**oracle.kept(names), **answers["plain"]}
    return _report(answers, given.write)


def _read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text("utf-8")) if path.exists() else {}


def _run(engine: str, names: list[str], root: Path, path: Path, conf: Mapping[str, str]) -> None:
    began = time.monotonic()
    answers, seconds = asyncio.run(answers_of(engine, names, root, conf))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({**_read(path), **answers}, indent=1), "utf-8")
    slow = ", ".join(f"{name} {seconds[name]} s" for name in sorted(seconds, key=lambda name: -seconds[name])[:5])
    print(f"{engine}: {len(answers)} programs in {time.monotonic() - began:.0f} s; slowest {slow}", file=sys.stderr)


def _report(answers: dict[str, dict[str, Any]], write: bool) -> int:
    plain, attached, sail = (answers[engine] for engine in ENGINES)
    wrong = [name for name in plain if name in attached and bare(plain[name]) != bare(attached[name])]
    for name in wrong:
        print(f"attached, {name}:\n  {json.dumps(bare(plain[name]))[:600]}\n  {json.dumps(bare(attached[name]))[:600]}")
    found, kept = table.found_points(plain, sail), table.known()
    new = {name: lines for name, points in found.items() if (lines := table.news(points, kept.get(name, {})))}
    for name, lines in new.items():
        print(f"sail, {name}:", *lines, sep="\n  ")
    if write:
        oracle.keep(plain)
        table.write(table.refreshed(found, table.keep(found), table.stored()))
    print(f"sail: {sum(not points for points in found.values())} programs of {len(found)} are equal; points of the others:", _kinds(found))
    return int(bool(wrong or new))


def _kinds(found: table.Found) -> str:
    kinds = Counter(point.kind for points in found.values() for point in points.values())
    return ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))


if __name__ == "__main__":
    sys.exit(main())
