"""Spark inside a notebook: the run's engine, attached to when the notebook first asks for a session.

``SparkSession.builder.getOrCreate()`` gives a session of the notebook's own on the run's driver, where all of PySpark
works, or on a Spark Connect server; ``spark.stop()`` ends that session, never the engine.
"""

from __future__ import annotations

import functools
import os
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

from nbflow.core.errors import EngineError
from nbflow.core.exchange import SparkAddress
from nbflow.core.results import ErrorKind
from nbflow.surface.inside import paths
from nbflow.surface.inside.catalogs import take_catalogs
from nbflow.surface.inside.connect import sessions
from nbflow.surface.inside.connect.connection import Connection
from nbflow.surface.inside.connect.functions import patch_functions, patch_table_functions
from nbflow.surface.inside.driver import calls
from nbflow.surface.inside.driver.converters import patch_converters, patch_literals
from nbflow.surface.inside.driver.driver import Driver
from nbflow.surface.inside.driver.files import patch_found_files
from nbflow.surface.inside.driver.names import Names
from nbflow.surface.inside.driver.sessions import patch_context, patch_session
from nbflow.surface.inside.patching import Patch, when_imported
from nbflow.surface.inside.sail import guard
from nbflow.surface.inside.sail.places import plain

_attached: Driver | Connection | None = None
_refused = ""
_asking: list[tuple[Any, str, Any]] = []
"""What asks for the workspace's engine on its first call: a class, the name of its method, and the method as it was."""


def install(address: SparkAddress, folder: str, name: str) -> None:
    """Make this process attach to the engine at ``address`` when it first wants a Spark session.

    ``folder`` is where relative paths start, ``name`` what error messages call the notebook. Imports nothing.
    """
    global _attached  # noqa: PLW0603  (one engine for one process, as PySpark has it)
    if address.engine != "connect":  # a server somewhere has catalogs of its own
        take_catalogs(address.catalogs)
    if address.engine == "spark":
        _attached = driver = Driver(address, folder, name)
        _install_driver(driver, folder)
    else:
        if address.engine == "sail":
            address, folder = replace(address, warehouse=plain(address.warehouse)), plain(folder)
        _attached = connection = Connection(address, folder, name)
        _install_connection(connection, folder)


def _install_driver(driver: Driver, folder: str) -> None:
    names = Names(driver)
    when_imported(
        {
            "pyspark.core.context": functools.partial(patch_context, driver),
            "pyspark.sql.types": patch_converters,
            "pyspark.sql.functions.builtin": patch_literals,
            "pyspark.sql.session": functools.partial(patch_session, driver, names),
            "pyspark.sql.readwriter": _both(functools.partial(paths.patch_readers, folder), functools.partial(calls.patch_readers, names)),
            "pyspark.sql.streaming.readwriter": _both(
                functools.partial(paths.patch_streams, folder), functools.partial(calls.patch_streams, names)
            ),
            "pyspark.sql.catalog": _both(functools.partial(paths.patch_catalog, folder), functools.partial(calls.patch_catalog, names)),
            "pyspark.sql.merge": _both(functools.partial(paths.patch_merges, folder), functools.partial(calls.patch_merge, names)),
            "pyspark.core.files": patch_found_files,
            "pyspark.core.rdd": functools.partial(paths.patch_rdd, folder),
            "pyspark.ml.util": functools.partial(paths.patch_models, folder),
            "delta.tables": _both(functools.partial(paths.patch_delta, folder), functools.partial(calls.patch_delta, names)),
        }
    )


def _install_connection(connection: Connection, folder: str) -> None:
    patches: dict[str, Patch] = {
        "pyspark.core.context": functools.partial(sessions.patch_connect_context, connection),
        "pyspark.sql.utils": sessions.patch_utils,
        "pyspark.sql.session": functools.partial(sessions.patch_builder, connection),
        "pyspark.sql.connect.session": functools.partial(sessions.patch_connect_session, connection),
        "pyspark.sql.connect.dataframe": functools.partial(sessions.patch_dataframe, connection),
        "pyspark.sql.connect.client.core": functools.partial(sessions.patch_client, connection),
        "pyspark.sql.connect.readwriter": functools.partial(paths.patch_readers, folder),
        "pyspark.sql.connect.streaming.readwriter": functools.partial(paths.patch_streams, folder),
        "pyspark.sql.connect.merge": functools.partial(paths.patch_merges, folder),
        "pyspark.sql.connect.catalog": functools.partial(paths.patch_catalog, folder),
        "pyspark.sql.connect.expressions": functools.partial(patch_functions, connection, folder),
        "pyspark.sql.connect.plan": functools.partial(patch_table_functions, connection, folder),
    }
    connection.when_sail = functools.partial(_install_guards, connection)
    if connection.engine == "sail":
        patches["pyspark.sql.connect.client.core"] = _both(
            functools.partial(sessions.patch_client, connection), functools.partial(guard.patch_client, connection)
        )
        patches["pyspark.sql.connect.catalog"] = _both(functools.partial(paths.patch_catalog, folder), guard.patch_catalog)
        patches["delta.tables"] = guard.patch_delta
    when_imported(patches)


def _install_guards(connection: Connection) -> None:
    """Guard a connection that is there already, whose server has turned out to be Sail."""
    when_imported(
        {
            "pyspark.sql.connect.client.core": functools.partial(guard.patch_client, connection),
            "pyspark.sql.connect.catalog": guard.patch_catalog,
            "delta.tables": guard.patch_delta,
        }
    )


def _both(first: Patch, second: Patch) -> Patch:
    def patch(module: ModuleType) -> None:
        first(module)
        second(module)

    return patch


def refuse(engine: str) -> None:
    """Let no Spark session be made in this process: what was not seen to use Spark has none of ``engine``, and another engine
    would give other answers, elsewhere. Imports nothing."""
    global _refused  # noqa: PLW0603  (one engine for one process)
    _refused = (
        f"this notebook was not seen to use Spark, so that no session on {engine} was made ready for it: "
        "import pyspark, or name spark, in one of its cells"
    )

    def patch(module: ModuleType) -> None:
        module.SparkSession.Builder.getOrCreate = _no_session

    when_imported({"pyspark.sql.session": patch})


def _no_session(*_: Any) -> NoReturn:
    raise EngineError(ErrorKind.ENGINE_START, _refused)


def attach_when_asked() -> None:
    """Make this process attach to the workspace's engine when it first wants a Spark session, as ``session`` does. Imports
    nothing."""
    when_imported(
        {
            "pyspark.core.context": lambda module: _ask_first(module.SparkContext, "__init__"),
            "pyspark.sql.session": lambda module: _ask_first(module.SparkSession.Builder, "getOrCreate"),
        }
    )


def _ask_first(owner: Any, name: str) -> None:
    if _attached is not None:
        return
    original = getattr(owner, name)

    @functools.wraps(original)
    def call(this: Any, *args: Any, **kwargs: Any) -> Any:
        if _is_elsewhere(this, kwargs):
            return original(this, *args, **kwargs)
        _attach()
        return getattr(owner, name)(this, *args, **kwargs)

    _asking.append((owner, name, original))
    setattr(owner, name, call)


def _is_elsewhere(asking: Any, given: dict[str, Any]) -> bool:
    """Whether a session is asked for on a server that the author names, or a context on a gateway that is there."""
    options = getattr(asking, "_options", {})
    remote = {"spark.remote", "spark.api.mode"} & set(options) or os.environ.get("SPARK_REMOTE")
    return bool(remote) or given.get("gateway") is not None or given.get("jsc") is not None


def _attach() -> None:
    """Start or join the workspace's engine. Raises ``EngineError``; then the next call asks again."""
    from nbflow.surface.inside.driver.by_hand import start_driver

    address = start_driver()
    while _asking:
        owner, name, original = _asking.pop()
        setattr(owner, name, original)
    install(address, str(Path.cwd()), "by hand")


def session() -> Any:
    """The notebook's Spark session: on the run's engine, or by hand on one that is started for this process.

    Raises ``EngineError`` when there is no driver and none can be started.
    """
    if _refused:
        _no_session()
    if _attached is None:
        _attach()
    from pyspark.sql import SparkSession

    return SparkSession.builder.getOrCreate()
