"""What is said when the records cannot be read or written: one sentence for each way, with what to do."""

from __future__ import annotations

from pathlib import Path

from nbflow.core.errors import BusyStoreError, NewerStoreError, StoreError


def folder_failure(path: Path, error: OSError) -> StoreError:
    """``path`` cannot be made, or is no folder one can work in."""
    if isinstance(error, (FileExistsError, NotADirectoryError)):
        return StoreError(f"{path} cannot be a folder: a file is in its way; move it, or choose another --workspace")
    return StoreError(f"the folder {path} cannot be made: {reason(error)}; make it writable, or choose another --workspace")


def file_failure(path: Path, error: OSError) -> StoreError:
    """``path`` cannot be read or written."""
    return StoreError(f"{path} cannot be used: {reason(error)}")


def database_failure(path: Path, message: str) -> StoreError:
    """The database at ``path`` refused; ``message`` is SQLite's own."""
    for words, sentence in _SENTENCES.items():
        if words in message:
            kind = BusyStoreError if sentence is _LOCKED else StoreError
            return kind(f"{sentence.format(path=path)} (SQLite says: {message})")
    return StoreError(f"the records in {path} cannot be used (SQLite says: {message})")


def newer(path: Path, found: int, known: int) -> NewerStoreError:
    """The database was written by a newer nbflow."""
    return NewerStoreError(
        f"the records in {path} were written by a newer nbflow (their version is {found}, this nbflow knows versions "
        f"up to {known}): update nbflow, or choose another --workspace"
    )


def reason(error: OSError) -> str:
    """What the system says about ``error``, for the middle of a sentence."""
    return (error.strerror or str(error)).lower()


_DAMAGED = (
    "the records in {path} are damaged: move that file away to begin with empty records, or bring back a copy; the "
    "executed notebooks under the runs folder are not touched by this"
)
_LOCKED = "the records in {path} have been locked by another program for too long: close that program and try again"
_CLOSED = "the records in {path} cannot be written: make the file and its folder writable, or choose another --workspace"

_SENTENCES = {
    "not a database": _DAMAGED,
    "malformed": _DAMAGED,
    "no such table": _DAMAGED,
    "no such column": _DAMAGED,
    "locked": _LOCKED,
    "busy": _LOCKED,
    "readonly": _CLOSED,
    "unable to open": _CLOSED,
    "full": "the records in {path} cannot be written because the disk is full: make room and try again",
    "disk I/O error": "the records in {path} cannot be read or written: the disk fails, or is full",
}
