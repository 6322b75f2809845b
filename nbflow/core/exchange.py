"""What goes between a run and the code inside a task: a folder, named by one environment variable.

``context.json`` goes in; ``values.jsonl`` (one JSON object a line: ``{"key": …, "value": …}``, later lines win) and
``exit.json`` (``{"value": …}``) come out, and of a program that an exception ended ``error.json`` (``{"ename": …, "evalue": …}``),
of SQL ``output.json`` (``{"columns": […], "rows": [{…}]}``). Any language can read and write them. No secret ever stands there: a Spark
driver's token lies in the file that ``spark.connection`` names, which only its owner may read.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

VARIABLE = "NBFLOW_TASK"
"""The environment variable that names the exchange folder."""

FAMILY_VARIABLE = "NBFLOW_FAMILY"
"""The environment variable that every process of one attempt inherits; its value is unique to the attempt, so that
processes which left their parent's session are still found when the attempt ends."""

TAG_SETTING = "spark.nbflow.tag"
"""The setting by which a Spark session says whose it is: the job tag of its attempt."""

COMMIT_SETTING = "spark.databricks.delta.commitInfo.userMetadata"
"""The setting whose text Delta keeps as ``userMetadata`` with each commit of a session: the text of a ``Mark``."""

SESSIONS_SUFFIX = ".sessions"
"""Beside the connection file of a Spark Connect server: the ids of sessions that a task made besides its first, one a line."""

WHEELS = "wheels"
"""The folder below it where the task's wheels are unpacked, each in a folder of its own that stands on Python's path."""

CONTEXT_FILE = "context.json"
VALUES_FILE = "values.jsonl"
EXIT_FILE = "exit.json"
ERROR_FILE = "error.json"
OUTPUT_FILE = "output.json"
COMMITS_FILE = "commits.jsonl"
"""Commits of Delta tables that bear no mark and are the task's all the same, a JSON object for each way to know one again:
``file``, its path or what the file system calls it, and ``written``, its time in ns."""

EXIT_NAME = "nbflow.NotebookExit"
"""The name under which a kernel tells that a notebook ended by ``dbutils.notebook.exit``: none that a class of the
notebook's own can have."""

VERSION = 1

MAX_VALUE_BYTES = 48 * 1024
"""The largest task value as JSON, in bytes: Databricks' limit for ``dbutils.jobs.taskValues``."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Who made a commit of a Delta table, so that its history tells which run wrote what. ``attempt`` counts from 1."""

    run_id: int
    task_key: str
    attempt: int

    def to_text(self) -> str:
        """This mark as the commit keeps it: ``{"nbflow": {"run_id": …, "task_key": …, "attempt": …}}``."""
        return json.dumps({"nbflow": asdict(self)})

    @classmethod
    def from_text(cls, text: object) -> Mark | None:
        """The mark that ``to_text`` wrote; ``None`` for everything else: a commit may bear any words, or none."""
        try:
            found = json.loads(text)["nbflow"] if isinstance(text, str) else {}
            mark = cls(found["run_id"], found["task_key"], found["attempt"])
        except (ValueError, LookupError, TypeError, RecursionError):
            return None
        return mark if type(mark.run_id) is type(mark.attempt) is int and isinstance(mark.task_key, str) else None


@dataclass(frozen=True, slots=True)
class SparkAddress:
    """Where a task's Spark engine is.

    ``engine`` says how to reach it: ``spark`` (a driver, attached to through py4j), ``connect`` (a Spark Connect server) or
    ``sail`` (the same, with its guards). ``connection`` is a file with mode 0600 that holds JSON: of a driver
    ``{"port": int, "secret": str}``, its gateway on loopback; of the others ``{"remote": "sc://…"}``, the server with the
    attempt's own session in it; ``lent`` says that this is another notebook's, beside which there are to be others. ``warehouse`` is the folder of the tables (empty: the server has its own); ``tag`` the job
    tag that all Spark jobs of this attempt carry, so that they can be cancelled together; ``catalogs`` are names of catalogs that mean the workspace's own.
    """

    connection: str
    warehouse: str
    tag: str
    engine: str = "spark"
    catalogs: list[str] = field(default_factory=list)
    lent: bool = False


@dataclass(frozen=True, slots=True)
class Context:
    """What a task is told about itself. ``attempt`` counts from 1; ``started`` is the run's start, ISO 8601 in UTC.

    ``parameters`` maps a name to ``{"type": <text of a ValueType>, "value": <encoded value>, "plain": <no widget declares
    it>}`` (``core.values``);
    ``values`` maps a finished task's key to its task values; ``spark`` is where its Spark engine is (``None``: it was not seen
    to need one), ``engine`` what that is, or would be, called. ``command`` are the words that start nbflow.
    """

    run_id: int
    task_run_id: int
    pipeline: str
    task_key: str
    attempt: int
    started: str
    workspace: str
    notebook: str
    folder: str
    parameters: dict[str, dict[str, Any]] = field(default_factory=dict)
    values: dict[str, dict[str, Any]] = field(default_factory=dict)
    spark: SparkAddress | None = None
    engine: str = ""
    max_value_bytes: int = MAX_VALUE_BYTES
    command: list[str] = field(default_factory=list)
    version: int = VERSION

    def to_json(self) -> dict[str, Any]:
        """This context as the JSON object of ``context.json``."""
        return asdict(self)

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Context:
        """The context that ``to_json`` wrote; keys of a newer version are left out."""
        known = {name: document[name] for name in cls.__dataclass_fields__ if name in document}
        spark = known.get("spark")
        known["spark"] = SparkAddress(**spark) if spark else None
        return cls(**known)
