"""What a notebook has without importing it, as on Databricks: ``dbutils``, ``display``, ``%run``, ``%sql``, ``%fs``."""

from __future__ import annotations

import builtins
import shlex
import sys
from types import ModuleType
from typing import Any

from nbflow.surface.inside.databricks.dbutils import dbutils
from nbflow.surface.inside.databricks.display import display, displayHTML

_SQL = "sql"
_FLAGS = ("-r", "--recurse", "-f", "--force", "--overwrite")


def install(shell: Any, spark: bool = False) -> None:
    """Give all of it to ``shell``, IPython's; with ``spark`` the name ``spark`` too, for a session that is made when it is used.

    A ``%sql`` of somebody else that is there already stays, and one that is loaded later (JupySQL's) takes its place.
    """
    builtins.dbutils = dbutils  # type: ignore[attr-defined]  # as on Databricks, where nobody imports it
    builtins.display, builtins.displayHTML = display, displayHTML  # type: ignore[attr-defined]
    module = ModuleType("pyspark.dbutils")
    module.DBUtils = lambda spark=None: dbutils  # type: ignore[attr-defined]  # ``from pyspark.dbutils import DBUtils``
    sys.modules.setdefault("pyspark.dbutils", module)
    if shell is None:
        return
    from IPython.core.magic import no_var_expand

    from nbflow.surface.inside.databricks.run_magic import make_run_magic
    from nbflow.surface.inside.databricks.sql_magic import make_sql_magic

    shell.user_ns.pop("display", None)  # IPython's own, which stands before the builtins'
    if not (shell.find_line_magic(_SQL) or shell.find_cell_magic(_SQL)):
        shell.register_magic_function(no_var_expand(make_sql_magic(shell)), "line_cell", _SQL)
    shell.register_magic_function(make_run_magic(shell, shell.find_line_magic("run")), "line", "run")
    shell.register_magic_function(no_var_expand(_fs), "line", "fs")
    if spark:
        shell.user_ns.setdefault("spark", LazySession())


def _fs(line: str) -> Any:
    """``%fs ls /path``: a call of ``dbutils.fs``. ``$x`` and ``{x}`` are parts of paths, as on Databricks."""
    words = shlex.split(line) or ["ls"]
    arguments = [True if word in _FLAGS else word for word in words[1:]]
    result = getattr(dbutils.fs, words[0])(*sorted(arguments, key=lambda argument: argument is True))
    if words[0] == "head":
        print(result)
    return result if words[0] == "ls" else None


class LazySession:
    """``spark`` by hand: the session is made when it is first used, since starting a driver takes seconds."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith(("_repr_", "_ipython_")):
            raise AttributeError(name)
        return getattr(_session(), name)

    def __repr__(self) -> str:
        return "<spark: a session is made when it is first used>"


def _session() -> Any:
    from nbflow.surface.inside.spark import session

    return session()
