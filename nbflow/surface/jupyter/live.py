"""A run shown in a cell while it goes on, and the picture that stays when it is over.

Two outputs make a view. One is the picture with the table, which needs no kernel and is what is saved; it is brought up to date now
and then, for a notebook may be closed at any time. The other is a widget that draws what happens at once, and hides the picture for
as long as it is there itself.
"""

from __future__ import annotations

import contextlib
import functools
import threading
import time
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from nbflow.core.errors import StoreError, UsageError
from nbflow.core.plain_text import clean
from nbflow.core.progress import RUNNING, RunProgress, TaskProgress, error_text, shown_lines
from nbflow.core.records import run_payload
from nbflow.plan.export.boxes import boxes_of
from nbflow.plan.export.graph import graph_svg, is_grouped
from nbflow.plan.export.marks import MARKS, in_turn, mark_of
from nbflow.surface.jupyter.show import how_it_ended, run_bundle
from nbflow.surface.jupyter.view import RunView
from nbflow.surface.jupyter.widget import answer_this_cell, bundle_of, widget_class

if TYPE_CHECKING:
    from nbflow.store.store import Store

LOOK_SECONDS = 0.02
"""How often the records are asked for events."""

_DRAW_SECONDS, _DRAW_GROUPS_SECONDS = 0.1, 0.25  # the first of several events is drawn at once, the others together
_KEEP_SECONDS, _KEEP_GROUPS_SECONDS = 2.0, 10.0
_MANY_STEPS = 500
_LIFE_SECONDS = 0.5
_BEAT_SECONDS = 3.0
_MOST_ROWS, _MOST_ERRORS = 12, 3
_NO_ERROR = "<style>.jp-OutputArea-child:has(.%s) + .jp-OutputArea-child .jupyter-widgets:not(:has(*)) { display: none; }</style>"
"""A notebook that is saved now and opened when its kernel is gone has the picture, and JupyterLab's word in the widget's place that it
does not find it: text alone, where a widget would have elements."""


class LiveView:
    """One view of a run. Several views of one run know nothing of each other."""

    def __init__(self, store: Store, run_id: int) -> None:
        """Raises ``UsageError`` for a run that is not there, ``StoreError`` where the records cannot be read."""
        self._store, self._run_id = store, run_id
        record = store.run(run_id)
        # All events are taken, from the first on: those between the record's reading and theirs would be missed.
        self._progress = RunProgress.of(run_payload(record)).afresh()
        self._run = RunView(run_payload(record))
        self._seen = 0
        self._drawn_at, self._stale = 0.0, True
        self._life_at = time.monotonic()
        self._grouped, self._again = is_grouped(self._progress), False
        self._kept_at, self._unkept = 0.0, False
        self._beat_at = 0.0
        self._widget: Any = None
        self._outputs: tuple[Any, Any] | None = None
        self._mark = f"nbf-kept-{uuid4().hex[:12]}"

    def show(self) -> None:
        """Display the run as it stands now, in the cell that is being executed."""
        from IPython.display import display

        self._take()
        marks = {state: [mark.kind, mark.shape] for state, mark in MARKS.items()}
        marks[""] = [mark_of("").kind, mark_of("").shape]
        kept = display(self._bundle(self._document()), raw=True, display_id=True)
        self._widget = widget_class()(svg=graph_svg(self._progress), marks=marks, view=self._view(), hides=self._mark)
        self._outputs = kept, display(bundle_of(self._widget), raw=True, display_id=True)
        self._drawn_at = self._kept_at = self._beat_at = time.monotonic()
        self._stale = False

    def step(self) -> bool:
        """Show what happened meanwhile; whether the run is over."""
        now, over = time.monotonic(), False
        try:
            self._take()
            over = self._progress.over or not self._alive(now)
        except StoreError as error:  # somebody holds the records: the run does not care, and there will be another time
            self._note(str(error))
        large = self._grouped or len(self._progress.steps) > _MANY_STEPS
        if self._stale and now - self._drawn_at >= (_DRAW_GROUPS_SECONDS if large else _DRAW_SECONDS):
            self._draw(now)
            self._unkept = True
        if now - self._beat_at >= _BEAT_SECONDS:
            self._widget.beat, self._beat_at = self._widget.beat + 1, now
        if self._unkept and now - self._kept_at >= (_KEEP_GROUPS_SECONDS if large else _KEEP_SECONDS):
            self._keep(now)
        return over

    def follow(self) -> None:
        """Show what happens until the run is over, then leave the picture."""
        while not self.step():
            time.sleep(LOOK_SECONDS)
        self.finish()

    def begin(self) -> None:
        """Show the run, and go on showing it while other cells are executed."""
        from IPython import get_ipython

        self.show()
        # Its updates are answers to this cell, whichever is executed then: VS Code takes no others.
        publisher: Any = getattr(get_ipython(), "display_pub", None)
        answering = functools.partial(_answering, getattr(publisher, "parent_header", {}))
        answer = answer_this_cell(self._widget)

        def follow() -> None:
            if hasattr(publisher, "register_hook"):
                publisher.register_hook(answering)  # for this thread
            answer()
            self.follow()

        threading.Thread(target=follow, name=f"nbflow-live-{self._run_id}", daemon=True).start()

    def finish(self, told: Mapping[str, Any] | None = None) -> None:
        """Leave the picture and the table as they are now, with the notes and the report that ``nbflow run`` has ``told``; in a page that
        cannot show them the widget, with the same."""
        if self._outputs is None:
            return
        kept, drawn = self._outputs
        self._outputs = None
        lost = ""
        try:
            document = self._document(told)
            picture = self._bundle(document, " nbf-end")
            self._run, self._progress = RunView({**document, "notes": []}), RunProgress.of(document)
            self._progress.notes = document["notes"]
        except (UsageError, StoreError) as error:  # removed meanwhile, or held by another program
            lost = str(error)
            picture = {"text/plain": lost}
        self._widget.on_msg(_closed_when_replaced)
        self._draw(time.monotonic(), {"over": True, "seconds": None, **({"title": lost, "state": ""} if lost else {})})
        kept.update(picture, raw=True)
        drawn.update({"text/plain": ""}, raw=True)

    def _document(self, told: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """What the records hold of the run, and what was ``told`` besides. Raises as ``Store.run`` does."""
        document = {**run_payload(self._store.run(self._run_id)), "notes": self._progress.notes}
        return {**document, **{name: told[name] for name in ("notes", "report") if told and name in told}}

    def _bundle(self, document: Mapping[str, Any], kind: str = "") -> dict[str, Any]:
        """The output that stays; ``kind`` is one more class of it."""
        bundle = run_bundle(RunView(document))
        return {**bundle, "text/html": f'<div class="{self._mark}{kind}">{bundle["text/html"]}</div>{_NO_ERROR % self._mark}'}

    def _keep(self, now: float) -> None:
        """Bring the picture up to date, so that a notebook which is closed now shows it."""
        if self._outputs is not None:
            with contextlib.suppress(UsageError, StoreError):
                self._outputs[0].update(self._bundle(self._document()), raw=True)
        self._kept_at, self._unkept = now, False

    def _take(self) -> None:
        for seq, event in self._store.events(self._run_id, self._seen):
            self._progress.take(event)
            self._seen, self._stale = seq, True

    def _note(self, text: str) -> None:
        if text not in self._progress.notes:
            self._progress.notes.append(text)
            self._stale = True

    def _alive(self, now: float) -> bool:
        """Whether a process is still at work on the run; looked at now and then."""
        if now - self._life_at < _LIFE_SECONDS:
            return True
        self._life_at = now
        return self._store.is_live(self._run_id)

    def _draw(self, now: float, besides: Mapping[str, Any] | None = None) -> None:
        again = any(task.attempt > 1 for task in self._progress.tasks.values())
        if self._grouped or again is not self._again:  # boxes that tell of attempts are wider
            self._widget.svg = graph_svg(self._progress)
        self._again = again
        self._widget.view = {**self._view(), **(besides or {})}
        self._drawn_at, self._stale = now, False

    def _view(self) -> dict[str, Any]:
        """What the widget draws around the graph, and in its boxes."""
        run = self._progress
        now = datetime.now(timezone.utc)
        counts = ", ".join(f"{count} {state}" for state, count in in_turn(run.counts))
        every = [*run.steps.values(), *run.tasks.values()]  # an item's error says more than that of its for_each
        failed = [task for task in every if task.failed]
        shown = [task for task in every if task.state == RUNNING] + failed
        rows = [(task.task_key, task.state, task.said, _elapsed(task.began, now) if task.state == RUNNING else None) for task in shown]
        more = [(f"and {len(rows) - _MOST_ROWS} more", "", "", None)] if len(rows) > _MOST_ROWS else []
        return {
            "title": f"{run.pipeline}: run {run.run_id} {run.state}",
            "state": run.state,
            "said": counts,
            "engine": self._run.engine_words,
            "seconds": None if run.over else _elapsed(run.began, now),
            "errors": [_error(task) for task in failed[:_MOST_ERRORS]],
            "rows": [*rows[:_MOST_ROWS], *more],
            "notes": [*self._run.notes, *run.notes],
            "over": run.over,
            "after": how_it_ended(run.run_id),
            "boxes": [] if self._grouped else [(box.state, box.said) for box in boxes_of(run).values()],
        }


def _answering(parent: Mapping[str, Any], message: dict[str, Any]) -> dict[str, Any]:
    return {**message, "parent_header": parent}


def _closed_when_replaced(widget: Any, message: object, buffers: object) -> None:
    """A page tells that the picture has taken the widget's place."""
    if message == "replaced":
        widget.close()


def _elapsed(since: datetime | None, now: datetime) -> float | None:
    return None if since is None else max((now - since).total_seconds(), 0.0)


def _error(task: TaskProgress) -> dict[str, Any]:
    error = task.error or {}
    where = f" in cell {error['cell']} of {task.cells}" if error.get("cell") else ""
    return {"where": f"{task.task_key} {task.state}{where}", "said": clean(error_text(error))[:500], "source": shown_lines(error, 9)}
