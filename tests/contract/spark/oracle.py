"""What plain sessions of Spark answered, kept beside the suite: an answer is good as long as nothing that made it has changed.

``python -m tests.contract.spark plain --write`` asks plain sessions anew and keeps what they say.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.contract.spark.engines import QUICK, ROOT
from tests.contract.spark.register import topics

FILE = Path(__file__).with_name("plain.json")
_SUITE = ("canonical.py", "child.py", "register.py")


def kept(names: Iterable[str]) -> dict[str, Any]:
    """The kept answers to these programs, without those of other versions of Spark, of the suite or of the program."""
    stored = json.loads(FILE.read_text("utf-8")) if FILE.exists() else {}
    if stored.get("made_with") != _made_with():
        return {}
    found, sources = stored["programs"], _sources()
    return {name: found[name]["answer"] for name in names if name in found and found[name]["source"] == sources[name]}


def keep(answers: Mapping[str, Any]) -> None:
    """Keep these answers beside those that are good still."""
    sources = _sources()
    told = {**kept(sources), **answers}
    lines = [
        f"{json.dumps(name)}: {json.dumps({'source': sources[name], 'answer': told[name]}, ensure_ascii=False)}"
        for name in sources
        if name in told
    ]  # a line each, so that a change of one is seen as that
    document = f'{{"made_with": {json.dumps(_made_with())},\n"programs": {{\n' + ",\n".join(lines) + "\n}}\n"
    FILE.write_text(document.replace(f"{ROOT}/", ""), "utf-8")  # paths of this machine, in tracebacks


def _made_with() -> dict[str, str]:
    suite = "".join(Path(__file__).with_name(name).read_text("utf-8") for name in _SUITE)
    return {
        "pyspark": version("pyspark"),
        "delta": version("delta-spark"),
        "settings": json.dumps(QUICK, sort_keys=True),
        "suite": _hash(suite),
    }


def _sources() -> dict[str, str]:
    """A hash of the file of each program."""
    folder = Path(__file__).parent / "programs"
    files = {topic: _hash((folder / f"{topic}.py").read_text("utf-8")) for topic in set(topics().values())}
    return {name: files[topic] for name, topic in topics().items()}


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
