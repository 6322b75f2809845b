"""Where dropped tables go: ``<warehouse>/.trash/<time>-<name>/``, each with the folder as it was and what was known of it.

A table is moved there by one rename, so that it is always whole in one of the two places.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from nbflow.warehouse.folders import StoredSchema, forget, kept

_FOLDER = ".trash"
_ABOUT = "about.json"
_FILES = "files"
_LEFT_SECONDS = 3600.0
"""A move into the trash that is older than this is not going on any more."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """What lies in the trash: the name that was dropped (``bronze.events``; of what else a dropped schema's folder held
    ``bronze.*``), when in UTC, and by which run and task where that is known. ``folder`` is its place in the trash, ``kept``
    what its name stood for where the folder alone does not tell."""

    name: str
    at: datetime
    folder: Path
    run_id: int | None = None
    task_key: str | None = None
    kept: Mapping[str, Any] | None = None

    @property
    def files(self) -> Path:
        """The table's folder as it was."""
        return self.folder / _FILES


def throw_away(
    warehouse: Path, folder: Path, name: str, mark: Mapping[str, Any] | None = None, document: Mapping[str, Any] | None = None
) -> Dropped:
    """Move ``folder``, the table ``name``, to the trash. ``mark`` tells ``run_id`` and ``task_key``, ``document`` what was kept of the name.
    Raises ``OSError``."""
    at = datetime.now(timezone.utc)
    place = _new_place(warehouse / _FOLDER, f"{at:%Y%m%dT%H%M%S.%fZ}-{name.replace('*', 'all')}")
    about = {"version": 1, "name": name, "at": at.isoformat(), **(mark or {}), "kept": document}
    try:
        (place / _ABOUT).write_text(json.dumps(about, indent=1), "utf-8")
        _move(folder, place / _FILES)
    except BaseException:
        if not (place / _FILES).exists():
            shutil.rmtree(place, ignore_errors=True)
        raise
    return _read(place) or Dropped(name, at, place)


def throw_away_schema(warehouse: Path, schema: StoredSchema, mark: Mapping[str, Any] | None = None) -> None:
    """Move each table of a schema to the trash by itself, and what else its folder holds as one. Raises ``OSError``."""
    with_files = {name: schema.folder / name for name in schema.kept if (schema.folder / name).is_dir()}
    for name, place in {**with_files, **{key: table.folder for key, table in schema.tables.items()}}.items():
        throw_away(warehouse, place, f"{schema.name}.{name}", mark, kept(schema.folder, name))
    for name in schema.kept:
        forget(schema.folder, name)
    with contextlib.suppress(OSError):
        schema.folder.rmdir()
    if schema.folder.is_dir():
        throw_away(warehouse, schema.folder, f"{schema.name}.*", mark)


def dropped(warehouse: Path) -> list[Dropped]:
    """What lies in the trash, the newest first."""
    try:
        places = [Path(entry.path) for entry in os.scandir(warehouse / _FOLDER)]
    except OSError:
        return []
    return sorted(filter(None, map(_read, places)), key=lambda item: item.at, reverse=True)


def bring_back(item: Dropped, folder: Path) -> None:
    """Move what lies in the trash to ``folder``, which must not be there. Raises ``OSError``."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    if folder.exists():
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(folder))
    _move(item.files, folder)
    shutil.rmtree(item.folder, ignore_errors=True)


def destroy(item: Dropped) -> None:
    """Delete what lies in the trash for good. Raises ``OSError``."""
    gone = item.folder.with_name(f".{item.folder.name}")
    item.folder.replace(gone)  # at once: nobody restores half of it
    shutil.rmtree(gone)


def clean(warehouse: Path) -> None:
    """Remove what interrupted moves and deletions have left in the trash, and the trash itself where it is empty."""
    with contextlib.suppress(OSError):
        for entry in list(os.scandir(warehouse / _FOLDER)):
            left = not (Path(entry.path) / _FILES).exists() and time.time() - entry.stat().st_mtime > _LEFT_SECONDS
            if entry.name.startswith(".") or left:
                shutil.rmtree(entry.path, ignore_errors=True)
        (warehouse / _FOLDER).rmdir()


def _new_place(trash: Path, name: str) -> Path:
    number = 1
    while True:
        place = trash / (name if number == 1 else f"{name}-{number}")
        try:
            place.mkdir(parents=True)
        except FileExistsError:
            number += 1
        else:
            return place


def _move(folder: Path, place: Path) -> None:
    try:
        folder.rename(place)
    except OSError as error:
        if error.errno != errno.EXDEV:  # a schema's folder may be a link to another file system
            raise
        shutil.move(folder, place)


def _read(place: Path) -> Dropped | None:
    """The entry in this folder of the trash; ``None`` where there is none, or only half of one."""
    if place.name.startswith(".") or not (place / _FILES).is_dir():
        return None
    try:
        about = json.loads((place / _ABOUT).read_text("utf-8"))
        at = datetime.fromisoformat(about["at"])
        return Dropped(str(about["name"]), at, place, about.get("run_id"), about.get("task_key"), about.get("kept"))
    except (OSError, ValueError, KeyError, TypeError):
        return None
