"""Python functions that a server runs: they find the modules beside the notebook and of its wheels, and on Sail's server, which is here, its files."""

from __future__ import annotations

import functools
from types import ModuleType
from typing import Any

from nbflow.surface.inside.connect.connection import Connection
from nbflow.surface.inside.connect.modules import send_modules, wheel_folders

_LOAD = """
[
    *(__import__("sys").path.insert(0, each) for each in {path!r} if each not in __import__("sys").path),
    __import__("os").chdir({folder!r}),
    __import__("importlib").invalidate_caches(),
    __import__("pyspark.cloudpickle").cloudpickle.loads({pickled!r}),
][-1]
"""


class _Beside:
    """A function that is unpickled in the notebook's folder, with that folder and then its wheels first on the path, as the function itself.

    The server is the notebook's own and runs nothing else; it need not know nbflow.
    """

    def __init__(self, function: Any, folder: str) -> None:
        self._function, self._folder = function, folder

    def __reduce__(self) -> tuple[Any, ...]:
        from pyspark import cloudpickle

        text = _LOAD.format(folder=self._folder, path=[*reversed(wheel_folders()), self._folder], pickled=cloudpickle.dumps(self._function))
        return eval, (text.strip(),)


def patch_functions(connection: Connection, folder: str, module: ModuleType) -> None:
    """Scalar, pandas and Arrow functions, and those of ``mapInPandas`` and its like."""
    _with_folder(module.PythonUDF, connection, folder)


def patch_table_functions(connection: Connection, folder: str, module: ModuleType) -> None:
    """Table functions."""
    _with_folder(module.PythonUDTF, connection, folder)


def _with_folder(owner: Any, connection: Connection, folder: str) -> None:
    original = owner.to_plan

    @functools.wraps(original)
    def to_plan(self: Any, client: Any) -> Any:
        if not connection.is_sail:
            send_modules(client, folder)
            return original(self, client)
        function = self._func
        self._func = _Beside(function, folder)
        try:
            return original(self, client)
        finally:
            self._func = function

    owner.to_plan = to_plan
