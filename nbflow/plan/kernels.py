"""Which kernel runs a notebook: a pure choice among what is installed."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from nbflow.define.nearest import did_you_mean
from nbflow.define.notebooks.names import is_python
from nbflow.define.notebooks.notebook import Notebook

NATIVE = "python3"
"""The interpreter that runs nbflow (or the one that the setting ``python`` names); always there."""


def choose_kernel(notebook: Notebook, named: str | None, installed: Callable[[], Mapping[str, str]]) -> str:
    """The name of the Jupyter kernel for ``notebook``: ``named`` if given, else its kernelspec, its language, or python3.

    ``installed`` gives the installed kernels with their languages; it is asked only when needed, because looking them
    up takes time. The case of a kernel's name means nothing, as in Jupyter. Raises ``ValueError`` with a sentence that
    names what is missing and what is there.
    """
    wanted = named or notebook.kernel
    if wanted is None:
        if notebook.language is None or is_python(notebook.language):
            return NATIVE
        fitting = sorted(name for name, spoken in installed().items() if spoken.lower() == notebook.language.lower())
        if not fitting:
            msg = f"no kernel for {notebook.language} is installed; there are {_listed(installed())}"
            raise ValueError(msg)
        return fitting[0]
    if wanted.lower() in (NATIVE, "python"):
        return NATIVE
    kernels = installed()
    found = wanted if wanted in kernels else next((name for name in kernels if name.lower() == wanted.lower()), None)
    if found is None:
        nearest = did_you_mean(wanted, kernels)
        msg = f"kernel {wanted!r} is not installed; there are {_listed(kernels)}" + (f"; {nearest}" if nearest else "")
        raise ValueError(msg)
    return found


def _listed(kernels: Mapping[str, str]) -> str:
    return ", ".join(sorted({NATIVE, *kernels}))
