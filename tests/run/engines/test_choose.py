"""Whether a warm engine is the one that is needed."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from nbflow.run.engines.choose import Needs, fingerprint, other_settings

NEEDS = Needs("1g", {"spark.a": "hush", "spark.b": 1}, None, Path("/w"), Path("/s"), print)


def test_what_differs_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the words of its author, and without its value; what does not matter to an engine does not differ."""
    first = fingerprint("spark", NEEDS)
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    other = replace(NEEDS, driver_memory="2g", spark_conf={"spark.a": "hush", "spark.b": 2}, state=Path("/other"), token="t")
    second = fingerprint("sail", other)
    assert other_settings(first, second) == ["engine", "driver_memory", "spark.b", "the variable TZ"]
    assert other_settings(first, first) == []
    assert "hush" not in repr(second)
    unsaid = fingerprint("sail", replace(other, driver_memory=None))
    assert other_settings(unsaid, second) == ["driver_memory"]


def test_a_python_by_another_of_its_names_is_the_same(tmp_path: Path) -> None:
    """As ``python`` and ``python3.11`` of one environment; the one of another environment, which links to the same file, is another, and so
    is each that a manager of versions links to itself."""
    (tmp_path / "manager").write_text("")
    for name in ("one/python", "one/python3.11", "two/python", "all/python3.11", "all/python3.12"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).symlink_to(os.path.realpath(sys.executable) if "all" not in name else tmp_path / "manager")

    def differ(one: str, two: str) -> list[str]:
        return other_settings(*(fingerprint("spark", replace(NEEDS, python=str(tmp_path / name))) for name in (one, two)))

    assert differ("one/python", "one/python3.11") == []
    assert differ("one/python", "two/python") == ["python"]
    assert differ("all/python3.11", "all/python3.12") == ["python"]
    assert other_settings(fingerprint("spark", NEEDS), fingerprint("spark", replace(NEEDS, python=sys.executable))) == []
