"""Temporary views on Sail, which shows in one the tables as they were when it was made: it is made anew when they have changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from nbflow.surface.inside.sail.names import state_of
from nbflow.surface.inside.sail.targets import paths_read
from nbflow.surface.inside.statements import Token, name_at, tokens_of

_TEMPORARY = ("TEMP", "TEMPORARY")
_GLOBAL = "global_temp"


class Views:
    """The temporary views of one session. ``execute`` sends a command as it is."""

    def __init__(self, execute: Callable[[Any], object]) -> None:
        self._execute = execute
        self._made: dict[str, Any] = {}
        self._states: dict[str, dict[str, str]] = {}
        self._inner: dict[str, list[str]] = {}
        self._files: dict[str, list[str]] = {}

    def __contains__(self, name: object) -> bool:
        """Whether there is a temporary view of this name, in lower case."""
        return name in self._made

    def fresh(self, names: Iterable[Sequence[str]]) -> None:
        """Make those views anew that are among ``names`` and whose tables are other ones now. Raises what Sail says of a table that is gone."""
        for key in map(_key, names):
            self.fresh([inner] for inner in self._inner.get(key, ()))
            states = self._states.get(key)
            if states is not None and any(state_of(folder) != state for folder, state in states.items()):
                self._states[key] = {folder: state_of(folder) for folder in states}
                try:
                    self._execute(self._made[key])
                except Exception:
                    self._states[key] = dict.fromkeys(states, "gone")  # so that it is told again
                    raise

    def folders(self, names: Iterable[Sequence[str]]) -> list[str]:
        """The folders of the tables that the views among ``names`` show."""
        return [folder for key in map(_key, names) for folder in self._states.get(key, ())]

    def files(self, names: Iterable[Sequence[str]]) -> list[str]:
        """The paths of the files that the views among ``names`` show."""
        return [path for key in map(_key, names) for path in self._files.get(key, ())]

    def made(self, command: Any, folders: Iterable[str], names: Iterable[Sequence[str]]) -> None:
        """A command that holds these ``names`` has succeeded; where it made a view, that shows the tables in these folders."""
        key, again = _view_of(command)
        if key:
            self._made[key] = again
            self._inner[key] = [name for name in map(_key, names) if name in self._states and name != key]
            self._states[key] = {folder: state_of(folder) for folder in folders}
            self._files[key] = [*paths_read(command), *self.files(name for name in names if _key(name) != key)]

    def dropped(self, name: str, everywhere: bool = False) -> None:
        """A view is dropped, a global one where ``everywhere`` holds."""
        for kept in (self._made, self._states, self._inner, self._files):
            kept.pop(f"{_GLOBAL}.{name.lower()}" if everywhere else name.lower(), None)


def _key(parts: Sequence[str]) -> str:
    return ".".join(parts).lower()


def _view_of(command: Any) -> tuple[str, Any]:
    """The key of the temporary view that a command makes, and the command that makes it anew; empty where it makes none."""
    again = type(command)()
    again.CopyFrom(command)
    if command.HasField("create_dataframe_view"):
        view = again.create_dataframe_view
        view.replace = True
        return f"{_GLOBAL}.{view.name.lower()}" if view.is_global else view.name.lower(), again
    if not command.HasField("sql_command"):
        return "", None
    in_query = command.sql_command.HasField("input")
    text = command.sql_command.input.sql.query if in_query else command.sql_command.sql
    tokens = list(tokens_of(text))
    name, rest = _named(tokens)
    if name:
        text = f"CREATE OR REPLACE {text[rest.start :]}"
        if in_query:
            again.sql_command.input.sql.query = text
        else:
            again.sql_command.sql = text
    return name, again


def _named(tokens: Sequence[Token]) -> tuple[str, Token]:
    """The key of the view that a statement makes, and the token behind ``CREATE [OR REPLACE]``."""
    words = [token.word for token in tokens[:6]]
    at = 3 if words[:3] == ["CREATE", "OR", "REPLACE"] else 1
    shared = words[at : at + 1] == ["GLOBAL"]
    kind = words[at + shared : at + shared + 2]
    if words[:1] != ["CREATE"] or len(kind) < 2 or kind[0] not in _TEMPORARY or kind[1] != "VIEW":
        return "", tokens[0] if tokens else Token("", "", 0, 0)
    parts, _ = name_at(list(tokens[at + shared + 2 :]))
    return (f"{_GLOBAL}.{_key(parts[-1:])}" if shared else _key(parts[-1:])) if parts else "", tokens[at]
