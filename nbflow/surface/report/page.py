"""A report as one HTML file: its templates and style stand beside this, jinja2 fills them and escapes all that is filled in."""

from __future__ import annotations

import os
import sys
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any
from uuid import uuid4

from nbflow.core.errors import UsageError
from nbflow.plan.export.marks import mark_of
from nbflow.store.files import write_whole


def filled(template: str, **content: Any) -> str:
    """The page that ``template`` makes of ``content``."""
    text: str = _environment().get_template(template).render(**content)
    return text


def check_place(place: Path) -> None:
    """Raise ``UsageError`` where no page can be at ``place``, before any work is done for it.

    A page takes the place of another page only: what a slip names (a notebook, a pipe, ``/dev/null``) stays what it is.
    """
    if os.path.isdir(place):  # pathlib's own raises for a name that is too long
        raise UsageError(f"{place} is a folder", "-o names a file")
    if not os.path.isdir(place.parent):
        raise UsageError(f"there is no folder {place.parent}", "-o names a file in one that is there")
    if os.path.exists(place) and not _may_be_replaced(place):
        raise UsageError(f"{place} is there already, and is no page", "-o names a new file, or an HTML file that it replaces")


def _may_be_replaced(place: Path) -> bool:
    if not place.is_file():
        return False
    if place.suffix.lower() in (".html", ".htm"):
        return True
    try:
        with place.open("rb") as file:
            begin = file.read(64)
    except OSError:
        return False
    return not begin or begin.lstrip().lower().startswith(b"<!doctype html")


def write_page(page: str, place: Path) -> None:
    """Write ``page`` to ``place``, whole or not at all. Raises ``UsageError`` where that is not possible."""
    try:
        part = place.with_name(f".nbflow-{uuid4().hex}.part")  # one of its own: others may write the same page
        write_whole(place, page.encode("utf-8", "replace"), part, durable=False)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UsageError(f"{place} cannot be written: {reason}", "-o names another place") from error


@cache
def _environment() -> Any:
    from jinja2 import Environment, PackageLoader
    from markupsafe import Markup

    environment = Environment(
        loader=PackageLoader("nbflow.surface.report", ""), autoescape=True, trim_blocks=True, lstrip_blocks=True, auto_reload=False
    )
    style = (files("nbflow.surface.report") / "page.css").read_text(encoding="utf-8")
    environment.globals.update(mark_of=mark_of, version=getattr(sys.modules.get("nbflow"), "__version__", ""), style=Markup(style))
    return environment
