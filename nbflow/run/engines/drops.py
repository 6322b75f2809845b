"""Drops by clients of Spark Connect: the files go to the warehouse's trash, as those do that a notebook's kernel drops.

No kernel of ours stands between a client and the driver, but the driver tells of each drop before it begins and when it is done.
Before, links to the files are made; when Spark has deleted the files, the links are what lies in the trash. Nothing that a client
or a notebook sees is changed for that.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import threading
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nbflow.warehouse import trash
from nbflow.warehouse.catalog import WHOLE_SCHEMA, SparkCatalog
from nbflow.warehouse.entries import text_of
from nbflow.warehouse.folders import StoredSchema, contents, is_own_folder

_EVENT = re.compile(r"Drop(?P<what>Table|Database)(?P<before>Pre)?Event\((?P<schema>\w+)(?:,(?P<name>\w+))?\)\Z")
_LINKS = "links-"
_OPEN_SECONDS = 60.0
"""A drop that was told of and is not done after so long has failed."""


@dataclass(slots=True)
class _Links:
    """Links to the files of what is about to be dropped, ``source``: ``folder`` holds the schema's folder, which holds the tables';
    ``place`` among them is that of ``source``."""

    folder: Path
    source: Path
    place: Path
    made: float = field(default_factory=time.monotonic)

    def are_needed(self) -> bool:
        """Whether files of ``source`` are gone: the drop has begun, although nobody told of its end."""
        files = (Path(folder, name) for folder, _, names in os.walk(self.place) for name in names)
        return any(not (self.source / file.relative_to(self.place)).exists() for file in files)


class Drops:
    """Told of the drops on one driver. ``catalog`` is the driver's, by a connection that serves nothing else in this moment."""

    def __init__(self, catalog: SparkCatalog, warehouse: Path) -> None:
        self._catalog, self._warehouse = catalog, warehouse
        self._open: dict[tuple[str, str], _Links] = {}
        self._lock = threading.Lock()

    def onEvent(self, event: Any) -> None:  # noqa: N802  (Java's name)
        """Called by the driver, which waits for it, with each change of its catalog."""
        found = _EVENT.match(str(event.toString()))
        if found is None:
            return
        key = found["schema"].lower(), (found["name"] or WHOLE_SCHEMA).lower()
        with self._lock:
            if found["before"]:
                self._remove([key])
                links = self._linked(*key)
                if links is not None:
                    self._open[key] = links
            elif key in self._open:
                self._settle(key, self._open.pop(key))

    def _linked(self, schema: str, name: str) -> _Links | None:
        """Links to what Spark will delete; ``None`` where that is nothing, or where a notebook sees to it."""
        folder = self._catalog.schema_folder(schema)
        if folder is None or folder.parent != self._warehouse or (schema, name) in self._catalog.being_made():
            return None
        if name == WHOLE_SCHEMA:
            found = folder
        else:
            entry = self._catalog.entry(schema, name)
            place = "" if entry is None or text_of(entry.provider()) != "delta" else self._catalog.entries.folder(entry) or ""
            if not place or str(entry.tableType().name()) != "MANAGED" or not is_own_folder(place, folder, name):
                return None
            found = Path(place)
        new = self._warehouse / ".trash" / f"{_LINKS}{uuid.uuid4().hex}"
        links = _Links(new, found, new / schema / (found.name if found != folder else ""))
        try:
            shutil.copytree(found, links.place, copy_function=_link, dirs_exist_ok=True)
        except OSError:
            shutil.rmtree(links.folder, ignore_errors=True)
            raise
        return links

    def _settle(self, key: tuple[str, str], links: _Links) -> None:
        """What was dropped is gone: let its links lie in the trash. Where they cannot be put in order there, they stay as they are
        until the trash is cleaned."""
        schema, name = key
        if name != WHOLE_SCHEMA:
            (place,) = (links.folder / schema).iterdir()
            trash.throw_away(self._warehouse, place, f"{schema}.{name}")
        elif any((links.folder / schema).iterdir()):
            found = contents(links.folder).get(schema)  # a name that Spark takes, and the warehouse does not, has no contents
            trash.throw_away_schema(self._warehouse, found or StoredSchema(schema, links.folder / schema))
        shutil.rmtree(links.folder, ignore_errors=True)

    def sweep(self, seconds: float = _OPEN_SECONDS) -> None:
        """Remove the links of drops that were told of so long ago and are not done: they have failed. Of one that was cut off in the
        middle they go to the trash."""
        with self._lock:
            if self._open:
                before = time.monotonic() - seconds
                self._remove([key for key, links in self._open.items() if links.made <= before])

    def _remove(self, keys: Iterable[tuple[str, str]]) -> None:
        for key in keys:
            links = self._open.pop(key, None)
            with contextlib.suppress(OSError):
                if links is not None and links.are_needed():
                    self._settle(key, links)
                elif links is not None:
                    shutil.rmtree(links.folder, ignore_errors=True)
                    links.folder.parent.rmdir()

    class Java:
        """What the driver takes this for."""

        implements = ("org.apache.spark.sql.catalyst.catalog.ExternalCatalogEventListener",)


def _link(source: str, target: str) -> None:
    """A further name of a file, which Delta never changes; a copy where the file system has none, and nothing of a file that is gone
    by now: who writes to the table meanwhile has some for a moment."""
    with contextlib.suppress(FileNotFoundError):
        try:
            os.link(source, target)
        except OSError:
            shutil.copy2(source, target)
