"""One call of the command: what holds for every command of it, and the way to the workspace."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbflow.surface.cli.terminal import stdout

if TYPE_CHECKING:
    from nbflow.core.errors import Mistake
    from nbflow.workspace import Workspace

DOCUMENT_VERSION = 1


@dataclass(slots=True)
class Session:
    """What a call holds for all commands: ``json`` (one document on stdout), ``debug`` (tracebacks shown),
    ``workspace`` (the folder that was named) and ``root`` (the workspace once it is found)."""

    json: bool = False
    debug: bool = False
    workspace: Path | None = None
    root: Path | None = None

    def find(self, start: Path | None = None, overrides: Mapping[str, Any] | None = None, *, lenient: bool = False) -> Workspace:
        """The workspace that was named, else the one around ``start`` (the current folder). Raises like ``find``."""
        from nbflow.workspace import Workspace  # what it joins is not needed by --help

        found = Workspace.find(start or Path.cwd(), self.workspace, overrides, lenient=lenient)
        self.root = found.root
        return found


def asks_json(arguments: Sequence[str]) -> bool:
    """Whether a command line asks for a JSON document; known before it is parsed, since parsing it may fail."""
    return any(
        argument in ("--json", "--format=json") or (argument == "--format" and following == "json")
        for argument, following in zip(arguments, [*arguments[1:], ""], strict=True)
    )


def print_json(document: Mapping[str, Any] | Sequence[Any]) -> None:
    """Print ``document`` on stdout; valid JSON in every encoding."""
    import json  # not for --help

    stdout.line(json.dumps(document, indent=2, ensure_ascii=not stdout.speaks_unicode, allow_nan=False, default=str))


def errors_document(mistakes: Iterable[Mistake]) -> dict[str, Any]:
    """The document that ``--json`` prints when nothing was started."""
    errors = [{"file": item.file, "line": item.line, "key": item.key, "message": item.message, "hint": item.hint} for item in mistakes]
    return {"version": DOCUMENT_VERSION, "errors": errors}
