"""``dbutils.fs``: files, with paths as Databricks writes them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from nbflow.surface.inside.context import notebook_folder
from nbflow.surface.inside.databricks.parts import NotSupportedHere, Part
from nbflow.surface.inside.places import local_place
from nbflow.surface.inside.task import task

_HEAD_BYTES = 65536


class FileInfo(NamedTuple):
    """One entry of a folder; names of folders end with ``/``, times are milliseconds since 1970."""

    path: str
    name: str
    size: int
    modificationTime: int

    def isDir(self) -> bool:
        """Whether it is a folder."""
        return self.name.endswith("/")

    def isFile(self) -> bool:
        """Whether it is a file."""
        return not self.isDir()


class Files(Part):
    """``dbutils.fs``: ``dbfs:/x`` lies in the workspace's folder ``dbfs``; relative paths start at the notebook."""

    _name = "fs"

    def ls(self, dir: str) -> list[FileInfo]:
        """What is in a folder, or the file itself. Raises ``FileNotFoundError``."""
        place = _place("ls", dir)
        if place.is_file():
            return [_info(dir, place)]
        return list(_entries(dir, place))

    def mkdirs(self, dir: str) -> bool:
        """Make a folder, with all above it."""
        _place("mkdirs", dir).mkdir(parents=True, exist_ok=True)
        return True

    def put(self, file: str, contents: str, overwrite: bool = False) -> bool:
        """Write text as UTF-8. Raises ``FileExistsError`` where there is a file and ``overwrite`` does not say so."""
        place = _place("put", file)
        if place.exists() and not overwrite:
            msg = f"{file} exists; dbutils.fs.put(…, overwrite=True) replaces it"
            raise FileExistsError(msg)
        place.parent.mkdir(parents=True, exist_ok=True)
        data = contents.encode("utf-8")
        place.write_bytes(data)
        print(f"Wrote {len(data)} bytes.")
        return True

    def head(self, file: str, maxBytes: int = _HEAD_BYTES) -> str:
        """The first bytes of a file, as text."""
        with _place("head", file).open("rb") as opened:
            data = opened.read(maxBytes + 1)
        if len(data) > maxBytes:
            print(f"[Truncated to first {maxBytes} bytes]")
        return data[:maxBytes].decode("utf-8", "replace")

    def cp(self, source: str, to: str, recurse: bool = False) -> bool:
        """Copy a file, or with ``recurse`` a folder."""
        start, target = _place("cp", source), _target("cp", source, to)
        _check_folder("cp", source, start, recurse)
        target.parent.mkdir(parents=True, exist_ok=True)
        if start.is_dir():
            shutil.copytree(start, target, dirs_exist_ok=True)
        else:
            shutil.copyfile(start, target)
        return True

    def mv(self, source: str, to: str, recurse: bool = False) -> bool:
        """Move a file, or with ``recurse`` a folder."""
        start, target = _place("mv", source), _target("mv", source, to)
        _check_folder("mv", source, start, recurse)
        _refuse_large("mv", source, start)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(start, target)
        return True

    def rm(self, dir: str, recurse: bool = False) -> bool:
        """Delete a file or an empty folder, or with ``recurse`` a folder with all in it; false where there is none."""
        place = _place("rm", dir)
        if not os.path.lexists(place):
            return False
        _refuse_large("rm", dir, place)
        if place.is_dir() and not place.is_symlink():
            if recurse:
                shutil.rmtree(place)
            else:
                place.rmdir()
        else:
            place.unlink()
        return True


def _place(call: str, path: str) -> Path:
    if not isinstance(path, str) or not path:
        msg = f"dbutils.fs.{call} takes a path as text, got {path!r}"
        raise ValueError(msg)
    place = local_place(path, notebook_folder(), task.workspace)
    if place is None:
        msg = f"dbutils.fs.{call}({path!r}) is not supported by nbflow: only dbfs:/, file:/ and paths of this machine are"
        raise NotSupportedHere(msg)
    return place


def _target(call: str, source: str, to: str) -> Path:
    """Where something goes: into a folder that is there or is written as one, under its own name."""
    target = _place(call, to)
    return target / Path(_place(call, source)).name if target.is_dir() or to.endswith("/") else target


def _check_folder(call: str, path: str, place: Path, recurse: bool) -> None:
    if not place.exists():
        msg = f"there is no {path}" + (f" (that is {place})" if path != str(place) else "")
        raise FileNotFoundError(msg)
    if place.is_dir() and not recurse:
        msg = f"{path} is a folder; dbutils.fs.{call}(…, recurse=True) takes it with all in it"
        raise IsADirectoryError(msg)


def _refuse_large(call: str, path: str, place: Path) -> None:
    """Let nothing take away the workspace, what it lies in, or the user's home; nor what Databricks would not mean by a bare path."""
    kept, real = [task.workspace.resolve(), Path.home().resolve()], place.parent.resolve() / place.name
    if any(real == one or real in one.parents for one in kept):
        msg = f"dbutils.fs.{call}({path!r}) would take away {place}, in which the workspace or your home lies"
        raise PermissionError(msg)
    if path.startswith("/") and kept[0] not in real.parents:
        msg = f"dbutils.fs.{call}({path!r}) would take away a thing of this machine; on Databricks it is dbfs:{path}: write that, or file:{path}"
        raise PermissionError(msg)


def _entries(dir: str, place: Path) -> Iterator[FileInfo]:
    if not place.is_dir():
        msg = f"there is no {dir} (that is {place})"
        raise FileNotFoundError(msg)
    for entry in sorted(place.iterdir()):
        yield _info(f"{dir.rstrip('/')}/{entry.name}", entry)


def _info(path: str, place: Path) -> FileInfo:
    state = place.stat()
    mark = "/" if place.is_dir() else ""
    return FileInfo(f"{path}{mark}", f"{place.name}{mark}", 0 if mark else state.st_size, state.st_mtime_ns // 1_000_000)
