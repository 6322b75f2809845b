"""Modules beside the notebook, gathered for a server that runs elsewhere."""

from __future__ import annotations

import os
import sys
import warnings
import zipfile
from pathlib import Path
from typing import Any

import pytest

from nbflow.surface.inside.connect.modules import modules_beside, modules_of_wheels, send_modules

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


def test_wheels_of_the_task_are_sent_whole(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those from which something is imported, with what is not; the first of two that hold the same file, and what lies beside the
    notebook before both."""
    wheels = [tmp_path / "private/wheels" / str(number) for number in range(3)]
    texts = {0: {"shop_c/__init__.py": "", "shop_c/later.py": "0"}, 1: {"shop_c/later.py": "1", "more_c.py": "1"}, 2: {"never_c.py": ""}}
    for number, files in texts.items():
        for name, text in {**files, "rules_b.py": "wrong"}.items():
            (wheels[number] / name).parent.mkdir(parents=True, exist_ok=True)
            (wheels[number] / name).write_text(text)
        monkeypatch.syspath_prepend(str(wheels[number]))
    monkeypatch.syspath_prepend(str(folder))
    for name in ("shop_c", "shop_c.later", "more_c"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(["/elsewhere", *map(str, wheels)]))
    assert modules_of_wheels() == {}
    monkeypatch.setenv("NBFLOW_TASK", str(tmp_path / "private"))
    for name in ("rules_b", "shop_c", "more_c"):
        __import__(name)
    client = Client()
    send_modules(client, str(folder / "none"))
    found = modules_of_wheels()
    assert client.taken == [sorted(found)] == [["more_c.py", "rules_b.py", "shop_c/__init__.py", "shop_c/later.py"]]
    assert (found["shop_c/later.py"], found["rules_b.py"]) == (b"0", b"wrong")
    assert {**found, **modules_beside(str(folder))}["rules_b.py"] == b"A = 1\n"


def test_a_server_that_takes_none_is_told(folder: Path) -> None:
    """As a warning: the function may do without them."""
    __import__("rules_b")
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        send_modules(Client(OSError("no room")), str(folder))
    assert ["no room" in str(each.message) for each in said] == [True]
