"""Which kernel runs a notebook."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from nbflow.define.notebooks.notebook import Notebook
from nbflow.plan.kernels import choose_kernel

INSTALLED = {"bash": "bash", "ir": "R", "conda-env": "python", "MyEnv": "python", "julia-1.10": "julia", "julia-1.11": "julia"}


def notebook(kernel: str | None = None, language: str | None = None) -> Notebook:
    """A notebook whose metadata name these."""
    return Notebook(Path("/n.ipynb"), {"cells": [], "metadata": {}}, "0", kernel, language)


@pytest.mark.parametrize(
    ("kernel", "language", "named", "expected"),
    [
        (None, None, None, "python3"),
        (None, "python", None, "python3"),
        (None, "Python", None, "python3"),
        (None, "ipython", None, "python3"),
        (None, "bash", None, "bash"),
        (None, "r", None, "ir"),
        (None, "R", None, "ir"),
        (None, "julia", None, "julia-1.10"),
        ("python3", "python", None, "python3"),
        ("python", "python", None, "python3"),
        ("Python3", "python", None, "python3"),
        ("bash", "bash", None, "bash"),
        ("Bash", "bash", None, "bash"),
        ("myenv", "python", None, "MyEnv"),
        ("conda-env", "python", None, "conda-env"),
        ("gone", "python", "python3", "python3"),
        ("gone", "python", "conda-env", "conda-env"),
        ("python3", "python", "IR", "ir"),
    ],
)
def test_the_named_one_else_the_notebooks_else_its_languages(
    kernel: str | None, language: str | None, named: str | None, expected: str
) -> None:
    """The name's case means nothing, as in Jupyter; of several for a language, the first by name."""
    assert choose_kernel(notebook(kernel, language), named, lambda: INSTALLED) == expected


@pytest.mark.parametrize(
    ("kernel", "language", "named", "installed", "words"),
    [
        ("gone", "python", None, INSTALLED, "kernel 'gone' is not installed; there are MyEnv, bash, conda-env, ir, julia-1.10, julia-1.11, python3"),
        ("python3", "python", "bsh", INSTALLED, "did you mean 'bash'?"),
        (None, "scala", None, INSTALLED, "no kernel for scala is installed; there are MyEnv, bash"),
        ("x", None, None, {}, "kernel 'x' is not installed; there are python3"),
    ],
)  # fmt: skip
def test_one_that_is_not_there_is_told_with_those_that_are(
    kernel: str | None, language: str | None, named: str | None, installed: Mapping[str, str], words: str
) -> None:
    """In one sentence, with the near one."""
    with pytest.raises(ValueError) as caught:
        choose_kernel(notebook(kernel, language), named, lambda: installed)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_nobody_asks_what_is_installed_for_the_native_kernel() -> None:
    """Looking kernels up takes time, and most notebooks need none of it."""
    asked: list[int] = []

    def installed() -> Mapping[str, str]:
        asked.append(1)
        return INSTALLED

    for one in (notebook(), notebook("python3"), notebook(language="python"), notebook("python3", "python")):
        choose_kernel(one, None, installed)
    assert asked == []
