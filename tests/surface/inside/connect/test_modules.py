"""Modules beside the notebook, gathered for a server that runs elsewhere."""

from __future__ import annotations

import sys
import warnings
import zipfile
from pathlib import Path
from typing import Any

import pytest

from nbflow.surface.inside.connect.modules import modules_beside, send_modules

FILES = {"rules_b.py": "A = 1\n", "parts_b/more.py": "B = 2\n", "site-packages/other_b.py": "C = 3\n"}


class Client:
    """Takes archives as a session does; ``taken`` are the names in each."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.taken: list[list[str]] = []
        self._fault = fault

    def add_artifacts(self, path: str, **_: Any) -> None:
        """Keep what is in the archive."""
        if self._fault is not None:
            raise self._fault
        with zipfile.ZipFile(path) as archive:
            self.taken.append(archive.namelist())


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of modules, on the path; what was imported is forgotten."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.syspath_prepend(str(tmp_path / "site-packages"))
    for name in ("rules_b", "parts_b", "parts_b.more", "other_b"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return tmp_path


def test_what_is_imported_is_sent_once(folder: Path) -> None:
    """Each content once, with what has come since; what is installed below the folder is none of it, and nothing is sent of nothing."""
    client = Client()
    send_modules(client, str(folder))
    assert client.taken == [] and modules_beside(str(folder)) == {}
    __import__("rules_b")
    __import__("other_b")
    send_modules(client, str(folder))
    send_modules(client, str(folder))
    __import__("parts_b.more")
    send_modules(client, str(folder))
    assert client.taken == [["rules_b.py"], ["parts_b/__init__.py", "parts_b/more.py", "rules_b.py"]]


def test_a_server_that_takes_none_is_told(folder: Path) -> None:
    """As a warning: the function may do without them."""
    __import__("rules_b")
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        send_modules(Client(OSError("no room")), str(folder))
    assert ["no room" in str(each.message) for each in said] == [True]
