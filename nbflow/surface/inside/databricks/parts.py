"""What the parts of ``dbutils`` have in common: a call that Databricks has and nbflow has not says so in one sentence."""

from __future__ import annotations

from typing import NoReturn

from nbflow.core.errors import NbflowError


class NotSupportedHere(NbflowError, AttributeError):
    """A call that Databricks has and nbflow has not."""


class Part:
    """A part of dbutils, ``dbutils.<name>``."""

    _name = ""

    def __getattr__(self, call: str) -> NoReturn:
        if call.startswith("_"):
            raise AttributeError(call)
        msg = f"dbutils.{self._name}.{call} is not supported by nbflow"
        raise NotSupportedHere(msg)


class Missing(Part):
    """A part of dbutils that nbflow has not."""

    def __init__(self, name: str) -> None:
        self._name = name
