"""The store of one workspace: everything about what was done goes in and out here."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbflow.core.errors import UsageError
from nbflow.core.events import Event
from nbflow.core.ports import Listener, LogSink, NotebookSink
from nbflow.core.records import RunRecord
from nbflow.store.database import Database, storable
from nbflow.store.events import Recorder, read_events
from nbflow.store.failures import folder_failure
from nbflow.store.folders import make_kept_folder, make_private_folder
from nbflow.store.journal import journal_path
from nbflow.store.live import LiveLocks
from nbflow.store.logs import LogFile, OwedLogs
from nbflow.store.moments import to_json, to_microseconds
from nbflow.store.names import escape, file_names
from nbflow.store.notebooks import NotebookFile
from nbflow.store.printed import Follower, LogLine, read_printed
from nbflow.store.references import MAX_ID, no_such_run, resolve
from nbflow.store.requests import Request, add_request, read_requests, take_requests
from nbflow.store.run_folders import found_again, make_run_folder, remove_unused, run_folder
from nbflow.store.runs import RunIds, read_run, read_runs
from nbflow.store.steps import add_steps, last_values

if TYPE_CHECKING:
    from nbflow.plan.plan import Stored


class Store:
    """The records of the workspace at ``root``, and its executed notebooks under ``runs``.

    ``state`` is the private folder ``.nbflow``. It is made with the first record; reading never makes it. All methods
    raise ``StoreError`` where records cannot be read or written, and ``UsageError`` for a run that is not there.
    """

    def __init__(self, root: Path, runs: Path, now: Callable[[], datetime], patience_seconds: float) -> None:
        self.root = root
        self.runs_folder = root / runs
        self.state = root / ".nbflow"
        self.live_folder = self.state / "live"
        self._now, self._patience_seconds = now, patience_seconds
        self._database: Database | None = None
        self._locks = LiveLocks(self.live_folder)
        self._file_names: dict[int, dict[str, str]] = {}
        self._owed = OwedLogs()

    @classmethod
    def open(
        cls, root: Path, runs: Path, now: Callable[[], datetime] = lambda: datetime.now(timezone.utc), patience_seconds: float = 30.0
    ) -> Store:
        """The store of the workspace at ``root``; ``runs`` is relative to it, or absolute. Touches nothing yet.

        ``now`` tells the time in UTC; ``patience_seconds`` limits the wait while another program locks the records.
        """
        return cls(root.absolute(), runs, now, patience_seconds)

    def close(self) -> None:
        """Give the database and the locks of live runs back."""
        self._locks.release()
        if self._database is not None:
            self._database.close()
            self._database = None

    # -- a run, while it lives

    def begin(
        self, pipeline: str, tasks: Sequence[str], facts: Mapping[str, Any], definition: Mapping[str, Any], parameters: Mapping[str, Any],
        engine: str, parent_run_id: int | None = None,
    ) -> RunIds:  # fmt: skip
        """Record a run that begins now, and make its folder. Its live lock is held when others see it.

        ``tasks`` are the keys in the plan's order, ``definition`` the plan as it runs, ``parameters`` the pipeline's
        own; values that JSON does not know are encoded as ``core.values`` does. ``parent_run_id`` is the run whose task
        begins this one.
        """
        make_kept_folder(self.runs_folder)
        database, started = self._writable(), self._now()
        with contextlib.ExitStack() as undo:
            with database.transaction(durable=True):
                last = database.row("last_id")
                run_id = make_run_folder(self.runs_folder, pipeline, None if last is None else last["seq"])
                undo.callback(remove_unused, self.run_folder(pipeline, run_id))
                self._locks.take(run_id)
                undo.callback(self._locks.release, run_id)
                database.execute(
                    "insert_run", run_id=run_id, pipeline=storable(pipeline), engine=engine,
                    started=to_microseconds(started), parameters=to_json(dict(parameters)), facts=to_json(dict(facts)),
                    definition=to_json(dict(definition)),
                )  # fmt: skip
                if parent_run_id is not None:
                    database.execute("insert_child_run", run_id=run_id, parent_run_id=parent_run_id)
                ids = {
                    key: database.execute("insert_task", run_id=run_id, position=position, task_key=storable(key))
                    for position, key in enumerate(tasks)
                }
            undo.pop_all()
        self._file_names[run_id] = file_names(tasks)
        return RunIds(run_id, ids, started)

    def add_steps(self, parent_id: int, steps: Iterable[tuple[str, int, Any]]) -> dict[str, int]:
        """Record tasks of the for_each whose task run is ``parent_id``: key, index and item of each. Their ids by their keys."""
        return add_steps(self._writable(), parent_id, steps)

    @contextlib.contextmanager
    def hold(self, run_id: int) -> Iterator[None]:
        """Hold the run's live lock, which ``begin`` took already, until the block ends."""
        make_private_folder(self.live_folder)
        self._locks.take(run_id)
        try:
            yield
        finally:
            self._locks.release(run_id)

    def is_live(self, run_id: int) -> bool:
        """Whether a process is at work on the run."""
        return self._locks.is_held(run_id)

    def listener(self, run_id: int) -> Listener:
        """A listener that records the run's events; see ``Recorder`` for what holds when it returns."""
        return Recorder(self._writable())

    def notebook_sink(
        self, run_id: int, pipeline: str, task_key: str, attempt: int, task_run_id: int, limit: int = 20_000_000
    ) -> NotebookSink:
        """Where the executed notebook of one attempt goes; a former attempt's is renamed. ``limit`` is how many
        characters that a cell prints can be read while it runs. Raises ``OSError``."""
        journal = journal_path(self.live_folder, run_id, task_run_id, attempt)
        return NotebookFile(self._path_of(run_id, pipeline, task_key, ".ipynb"), journal, task_run_id, attempt, limit)

    def log_sink(self, run_id: int, pipeline: str, task_key: str, attempt: int, limit: int = 20_000_000) -> LogSink:
        """Where the log of one attempt goes, of work that is no notebook; a former attempt's is renamed. ``limit`` is how many
        bytes are kept. Raises ``OSError``."""
        owed = self._owed if "/" in task_key else None  # there may be very many steps of a for_each in a second
        return LogFile(self._path_of(run_id, pipeline, task_key, ".log"), attempt, limit, owed)

    def settle(self) -> None:
        """Let what steps of a for_each left survive a power loss: logs, and ends that events told. Any thread may call it."""
        self._owed.settle()
        if self._database is not None:
            self._database.settle()

    def _path_of(self, run_id: int, pipeline: str, task_key: str, extension: str) -> Path:
        if run_id not in self._file_names:
            self._file_names[run_id] = file_names(task.task_key for task in self.run(run_id).tasks)
        head, *rest = task_key.split("/")  # the steps of a for_each lie in a folder of its name
        name = "/".join((self._file_names[run_id].get(head) or escape(head), *map(escape, rest)))
        return self.run_folder(pipeline, run_id) / f"{name}{extension}"

    def run_folder(self, pipeline: str, run_id: int) -> Path:
        """Where the run's executed notebooks lie."""
        return run_folder(self.runs_folder, pipeline, run_id)

    # -- what others want of it

    def request(self, run_id: int, kind: str, by: str) -> int:
        """Ask the live run for something (``cancel``). Returns the request's id.

        Raises ``UsageError`` where the run is not live: nobody would ever take notice.
        """
        if self.run(run_id).result is not None or not self.is_live(run_id):
            msg = f"run {run_id} is not running"
            raise UsageError(msg, f"`nbflow runs show {run_id}` tells how it ended")
        return add_request(self._writable(), run_id, kind, by, self._now())

    def take_requests(self, run_id: int) -> list[Request]:
        """Requests that the run has not seen, acknowledged by this call."""
        database = self._readable()
        return [] if database is None else take_requests(database, run_id, self._now())

    def requests(self, run_id: int) -> list[Request]:
        """All requests ever made to the run."""
        database = self._readable()
        return [] if database is None else read_requests(database, run_id)

    # -- reading

    def run(self, run_id: int) -> RunRecord:
        """The run's record, as far as it has come."""
        database = self._readable()
        found = read_run(database, run_id) if database is not None and 0 < run_id <= MAX_ID else None
        if database is None or found is None:
            raise no_such_run(database, str(run_id))
        return found_again(self._with_life(database, found), self.run_folder(found.pipeline, run_id))

    def runs(self, pipeline: str | None = None, limit: int | None = 20, source: str | None = None) -> list[RunRecord]:
        """The newest runs, of one pipeline or of all, newest first, with empty ``definition``: ``run`` has it. A notebook that is run by
        itself may bear a pipeline's name: ``source`` is its file's name, or empty for runs of pipelines only."""
        database = self._readable()
        return [] if database is None else [self._with_life(database, run) for run in read_runs(database, pipeline, limit, source)]

    def going_on(self, pipeline: str) -> list[int]:
        """The ids of the pipeline's runs that go on, the newest first, as far as the newest tell."""
        database = self._readable()
        found = [] if database is None else database.rows("unfinished_runs", pipeline=storable(pipeline), limit=5)
        return [row["run_id"] for row in found if self.is_live(row["run_id"])]

    def pipelines(self) -> list[str]:
        """The names of the pipelines that ever ran."""
        database = self._readable()
        return [] if database is None else [row["pipeline"] for row in database.rows("pipelines")]

    def last_values(self, pipeline: str, keys: Iterable[str], *, of_file: bool, bundle_job: str | None) -> dict[str, Stored]:
        """What each of the pipeline's tasks ``keys`` left, as far as it was ever done.

        The one rule for values of earlier runs: those of the task's newest success or, where it never had one, of its newest end; none
        where a condition has left it out since then: the other branch is the one that ran. Only
        runs count that no task of another began, and for a pipeline of a file (``of_file``) those of a file: a notebook may bear its name. Jobs of a
        bundle may bear one name, and each has its targets: those of this ``bundle_job`` count.
        """
        database = self._readable()
        return {} if database is None else last_values(database, pipeline, keys, of_file=of_file, bundle_job=bundle_job)

    def last_success(self, pipeline: str, *, of_file: bool, bundle_job: str | None) -> tuple[int, str] | None:
        """The id and the engine of the pipeline's newest run that ended well and used Spark; ``None`` where there is none."""
        database = self._readable()
        row = (
            None
            if database is None
            else database.row("last_success", pipeline=storable(pipeline), of_file=of_file, bundle_job=storable(bundle_job))
        )
        return None if row is None else (row["run_id"], row["engine"])

    def resolve(self, reference: str) -> int:
        """The run id that ``reference`` means: a number (``12``, ``#12``), ``last`` or ``last-failed``."""
        return resolve(self._readable(), reference)

    def events(self, run_id: int, after: int = 0) -> list[tuple[int, Event]]:
        """The run's events numbered higher than ``after``, each with its number."""
        database = self._readable()
        return [] if database is None else read_events(database, run_id, after)

    def printed(self, run_id: int, task_key: str | None = None) -> Iterator[LogLine]:
        """What the run's tasks, or one of them, printed until now, in the order of tasks, attempts and cells."""
        return read_printed(self._with_task(run_id, task_key), self.live_folder, task_key)

    def follow_printed(self, run_id: int, task_key: str | None = None, poll: float = 0.1) -> Iterator[LogLine]:
        """What the run's tasks print, as it comes, until the run is over; looks every ``poll`` seconds."""
        run = self._with_task(run_id, task_key)
        follower = Follower(self.live_folder, task_key)
        while True:
            over = run.result is not None or run.interrupted
            yield from follower.lines(run, over=over)
            if over:
                return
            time.sleep(poll)
            run = self.run(run_id)

    # -- inside

    def _writable(self) -> Database:
        make_private_folder(self.state)
        make_private_folder(self.live_folder)
        if self._database is None:
            self._database = Database.open(self.state / "nbflow.db", self._patience_seconds)
        return self._database

    def _readable(self) -> Database | None:
        """The database, ``None`` where nothing was ever recorded."""
        path = self.state / "nbflow.db"
        try:
            if self._database is None and path.stat():
                self._database = Database.open(path, self._patience_seconds)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise folder_failure(self.state, error) from error
        return self._database

    def _with_life(self, database: Database, run: RunRecord) -> RunRecord:
        if run.result is not None or self.is_live(run.run_id):
            return run
        # It may have ended between the reading and the look at its lock, which it frees only after its end is recorded.
        row = database.row("run_result", run_id=run.run_id)
        if row is not None and row["result"] is not None:
            return replace(read_run(database, run.run_id) or run, definition=run.definition)
        return replace(run, interrupted=True)

    def _with_task(self, run_id: int, task_key: str | None) -> RunRecord:
        run = self.run(run_id)
        keys = [task.task_key for task in run.tasks]
        if task_key is not None and task_key not in keys:
            msg = f"run {run_id} has no task {task_key!r}"
            raise UsageError(msg, f"its tasks are {', '.join(keys[:10])}{', …' if len(keys) > 10 else ''}")
        return run
