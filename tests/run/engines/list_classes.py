"""``python -m tests.run.engines.list_classes`` writes anew the list of classes that a driver loads ahead, from what one loads that does
what most notebooks do. Wanted when the versions of Spark or Delta change.
"""

from __future__ import annotations

import asyncio
import re
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from nbflow.run.engines.classes import CLASSES
from nbflow.run.engines.conf import driver_options
from nbflow.run.engines.control import Control
from nbflow.run.engines.gateway import Gateway
from nbflow.run.engines.parts import find_parts
from nbflow.run.engines.usual import usual_statements

LOADED = re.compile(r"\] (\S+) source: file:\S+\.jar$", re.MULTILINE)
"""A line of Java's log about a class that came from a jar: not from Java itself, not made while it runs."""


def loaded(log: Path) -> list[str]:
    """The classes that a driver has loaded from jars, in their order. Not those that Java names after an address in memory, and not those
    of the code that Spark writes, for which Java names Spark's jar."""
    names = dict.fromkeys(LOADED.findall(log.read_text("utf-8")))
    return [name for name in names if "/" not in name and ".GeneratedClass" not in name]


async def main() -> None:
    """Start a driver, let it work, and write the names of the classes that it loads from then on."""
    parts = await find_parts(print)
    with tempfile.TemporaryDirectory() as root:
        place, log = Path(root), Path(root) / "classes.log"
        gateway = Gateway(place, "list-classes")
        options = driver_options({}, "1g", place / "warehouse", gateway.scratch, 2)
        options = replace(options, java_options=(f"-Xlog:class+load:file={log}",))
        try:
            port, secret = await gateway.start(parts.java, options, parts.class_path)
            before = set(loaded(log))
            control = Control(port, secret)
            control.begin(place / "warehouse")
            control._session.range(3).write().saveAsTable("first")  # as a notebook does it
            control.execute(["create schema s", *usual_statements("s.t", "s.u", place / "files")])
            control.close()
            names = [name for name in loaded(log) if name not in before]
        finally:
            await gateway.end()
    CLASSES.write_text("".join(f"{name}\n" for name in names), "utf-8")
    print(f"{len(names)} classes", file=sys.stderr)


if __name__ == "__main__":
    asyncio.run(main())
