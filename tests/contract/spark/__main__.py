"""``python -m tests.contract.spark``: run the suite by hand; ``--write`` keeps the answers of plain sessions, and refreshes the table of differences."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.contract.spark import oracle, table
from tests.contract.spark.compare import bare, told
from tests.contract.spark.engines import QUICK, answers_of
from tests.contract.spark.register import topics

ENGINES = ("plain", "attached", "sail")


def main() -> int:
    """Do what the command line says; 1 when an answer stands in no table."""
    parser = argparse.ArgumentParser(prog="python -m tests.contract.spark")
    parser.add_argument("engines", nargs="*", default=ENGINES, help="plain, attached, sail; one after the other")
    parser.add_argument("-k", dest="only", nargs="+", default=[""], help="only programs whose name or topic holds one of these texts")
    parser.add_argument("-o", dest="kept", help="a folder that keeps the answers, one file for each engine; those there are taken over")
    parser.add_argument("--compare", action="store_true", help="run nothing; compare the answers that are kept")
    parser.add_argument("--write", action="store_true", help="keep plain Spark's answers, refresh the table of differences")
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
    found, entries = table.points(plain, sail), table.stored()
    missing, outdated = table.unlisted(found, entries), table.outdated(found, entries)
    for name in missing:
        print(f"unlisted, {name} ({found[name].kind}):\n  spark: {told(found[name].spark)}\n  sail:  {told(found[name].other)}")
    print(*(f"listed and equal: {name}" for name in outdated if name in plain and name in sail), sep="\n")
    if write:
        oracle.keep(plain)
        table.write(table.refreshed(found, entries))
    kinds = [point.kind for point in found.values()]
    print(f"sail: {len(plain.keys() & sail.keys()) - len(kinds)} equal, {kinds.count('refused')} refused, {kinds.count('differs')} differ")
    return int(bool(wrong or missing))


if __name__ == "__main__":
    sys.exit(main())
