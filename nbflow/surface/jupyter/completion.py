"""Tab behind ``%nbflow``: commands, options, pipelines, tasks, parameters and their choices."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbflow.surface.jupyter.commands import COMMANDS, options_of

if TYPE_CHECKING:
    from nbflow.define.pipeline_files.choice import Choice

_LINE = re.compile(r"^\s*%nbflow\s+(.*)$", re.DOTALL)
_NEWEST = 10
_MARK = "_nbflow_matcher"


def complete_in(shell: Any) -> None:
    """Have ``shell``, IPython's, complete behind ``%nbflow``; once, however often it is called."""
    completer = getattr(shell, "Completer", None)
    matchers = getattr(completer, "custom_matchers", None)
    if matchers is None or any(hasattr(matcher, _MARK) for matcher in matchers):
        return

    def matcher(context: Any) -> dict[str, Any]:
        from IPython.core.completer import SimpleCompletion

        found = _LINE.match(context.text_until_cursor)
        if found is None:
            return {"completions": []}
        texts = completions(found.group(1), shell.user_ns)
        fitting = [SimpleCompletion(text, type="nbflow") for text in texts if text.startswith(context.token)]
        return {"completions": fitting, "matched_fragment": context.token, "suppress": True}

    matcher.matcher_api_version = 2  # type: ignore[attr-defined]  # what IPython looks for
    setattr(matcher, _MARK, True)
    matchers.append(matcher)


def completions(text: str, namespace: Mapping[str, Any]) -> list[str]:
    """What may stand at the end of ``text``, the line behind ``%nbflow `` up to the cursor; of ``name=`` only the value.

    ``namespace`` is the notebook's. Where something cannot be read there is nothing to offer, and no error.
    """
    from nbflow.core.errors import NbflowError

    words = text.split()
    last = "" if not text or text[-1].isspace() else words.pop()
    if not words:
        return list(COMMANDS)
    command, before = words[0], words[-1]
    if last.startswith("-"):
        return options_of(command)
    with contextlib.suppress(NbflowError, OSError):
        place = _Place(words[1:], namespace)
        if before in _after():
            return _after()[before](place, last)
        if command in _FIRST:
            return _FIRST[command](place, last)
    return []


class _Place:
    """What is known where the cursor stands: the words between the command and the cursor, and the workspace."""

    def __init__(self, words: Sequence[str], namespace: Mapping[str, Any]) -> None:
        from nbflow.surface.jupyter.here import notebook_here, sources_of
        from nbflow.workspace import Workspace

        self.workspace = Workspace.find(Path.cwd())
        self.sources = sources_of(self.workspace.root)
        self.here = notebook_here(namespace)
        self.words = list(words)

    def named(self) -> str | None:
        """The pipeline, or the task with its pipeline, that the line names already."""
        return next((word for at, word in enumerate(self.words) if not word.startswith("-") and self._before(at) not in _after()), None)

    def _before(self, at: int) -> str:
        return self.words[at - 1] if at else ""

    def pipeline(self) -> Any:
        """The pipeline that the line names, as far as it can be read; ``None`` without one."""
        from nbflow.surface.jupyter.here import task_named

        named = self.named()
        if named is None:
            return None
        choice = self.choice()
        if named not in self.sources.pipeline_names() and not Path(named).exists():
            found = task_named(named, self.workspace.root, self.here, choice)
            named, choice = found.pipeline, replace(choice, job=found.job)
        return self.sources.pipeline(named, choice)[0]

    def choice(self) -> Choice:
        """What the line chooses of a bundle."""
        from nbflow.define.pipeline_files.choice import Choice

        return Choice.of(os.environ, self._given("--job"), self._given("--target"), dict(self._variables()))

    def _given(self, option: str) -> str | None:
        return self.words[self.words.index(option) + 1] if option in self.words[:-1] else None

    def _variables(self) -> Iterator[tuple[str, str]]:
        for word in (self.words[at] for at in range(1, len(self.words)) if self.words[at - 1] == "--var"):
            name, _, value = word.partition("=")
            yield name, value


def _pipelines(place: _Place, last: str) -> list[str]:
    from nbflow.surface.jupyter.here import bundles_of

    if place.named() is not None:
        return []
    return [*place.sources.pipeline_names(), *bundles_of(place.workspace.root), *_notebooks(place, last)]


def _notebooks(place: _Place, last: str) -> list[str]:
    """The notebooks of the folder that is being named."""
    folder = Path(last[: last.rfind("/") + 1])
    return sorted(str(path) for path in folder.glob("*.ipynb")) if place.named() is None and folder.is_dir() else []


def _tasks_here(place: _Place, last: str) -> list[str]:
    """The tasks of this notebook, with their pipelines and, where that is enough, without; of all where it is not known."""
    from nbflow.surface.jupyter.here import all_tasks

    if place.named() is not None:
        return []
    tasks = [task for task in all_tasks(place.workspace.root, place.choice())[0] if place.here in (None, task.notebook)]
    keys = [task.task_key for task in tasks]
    return [
        *(key for key in dict.fromkeys(keys) if keys.count(key) == 1),
        *dict.fromkeys(f"{task.pipeline}/{task.task_key}" for task in tasks),
    ]


def _parameters(place: _Place, last: str) -> list[str]:
    """``name=`` for each parameter of the pipeline, or the choices of the one that is named already."""
    from nbflow.define.notebooks.notebook import Notebook

    pipeline = place.pipeline()
    if pipeline is None:
        return []
    read, _ = place.sources.read(pipeline)
    notebooks = [source for source in read.values() if isinstance(source, Notebook)]
    declared = {parameter.name: parameter for notebook in notebooks for parameter in notebook.parameters}
    name, sign, _ = last.partition("=")
    if not sign:
        return [f"{known}=" for known in dict.fromkeys((*pipeline.parameters, *declared))]
    parameter = declared.get(name)
    return _texts(parameter.choices or parameter.suggestions) if parameter is not None else []


def _texts(values: Iterable[Any]) -> list[str]:
    return [str(value) for value in values]


def _keys(place: _Place, last: str) -> list[str]:
    pipeline = place.pipeline()
    return [task.task_key for task in pipeline.tasks] if pipeline is not None else []


def _nothing(place: _Place, last: str) -> list[str]:
    return []


def _jobs(place: _Place, last: str) -> list[str]:
    named = place.named()
    if named is None:
        return []
    pipeline, slash, _ = named.rpartition("/")
    return place.sources.jobs(pipeline if slash and not Path(named).exists() else named)


def _runs(place: _Place, last: str) -> list[str]:
    if not place.words:
        return ["show"]
    if place.words == ["show"]:
        return ["last", "last-failed", *(str(run.run_id) for run in place.workspace.store.runs(None, _NEWEST))]
    if len(place.words) == 2 and place.words[0] == "show":
        store = place.workspace.store
        return [task.task_key for task in store.run(store.resolve(place.words[1])).tasks]
    return []


_Offer = Callable[[_Place, str], list[str]]


@cache
def _after() -> dict[str, _Offer]:
    """What may stand behind each option that takes a value."""
    from nbflow.define.pipelines.engines import ENGINES
    from nbflow.define.setting_words import SWITCHES, setting_flag
    from nbflow.define.settings import NAMES

    return {
        **dict.fromkeys(("--target", "--var", "--logical-date", "--workspace", "--parameters-file", "--timeout", "--item", "-n"), _nothing),
        **dict.fromkeys((setting_flag(name) for name in NAMES if name not in SWITCHES), _nothing),
        "-p": _parameters,
        **dict.fromkeys(("--only", "--from", "--until"), _keys),
        "--job": _jobs,
        "--engine": lambda place, _: [*ENGINES],
        "--pipeline": lambda place, _: place.sources.pipeline_names(),
        "--format": lambda place, _: ["text", "json", "mermaid"],
    }


_FIRST: dict[str, _Offer] = {"run": _pipelines, "plan": _pipelines, "open": _tasks_here, "params": _notebooks, "runs": _runs}
