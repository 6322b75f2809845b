"""Spark inside a notebook: the run's driver, attached to when the notebook first asks for a session.

``SparkSession.builder.getOrCreate()`` gives a session of the notebook's own on the shared driver, and all of PySpark
works on it; ``spark.stop()`` ends that session, never the driver.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from nbflow.core.exchange import SparkAddress
from nbflow.surface.inside import paths
from nbflow.surface.inside.driver import Driver
from nbflow.surface.inside.files import patch_found_files
from nbflow.surface.inside.patching import when_imported
from nbflow.surface.inside.sessions import patch_context, patch_session

_attached: Driver | None = None


def install(address: SparkAddress, folder: str, name: str) -> None:
    """Make this process attach to the driver at ``address`` when it first wants a Spark session.

    ``folder`` is where relative paths start, ``name`` what error messages call the notebook. Imports nothing.
    """
    global _attached  # noqa: PLW0603  (one driver for one process, as PySpark has it)
    _attached = Driver(address, folder, name)
    when_imported(
        {
            "pyspark.core.context": functools.partial(patch_context, _attached),
            "pyspark.sql.session": functools.partial(patch_session, _attached),
            "pyspark.sql.readwriter": functools.partial(paths.patch_readers, folder),
            "pyspark.sql.streaming.readwriter": functools.partial(paths.patch_streams, folder),
            "pyspark.sql.catalog": functools.partial(paths.patch_catalog, folder),
            "pyspark.core.files": patch_found_files,
            "pyspark.core.rdd": functools.partial(paths.patch_rdd, folder),
            "pyspark.ml.util": functools.partial(paths.patch_models, folder),
            "delta.tables": functools.partial(paths.patch_delta, folder),
        }
    )


def session() -> Any:
    """The notebook's Spark session: on the run's driver, or by hand on one that is started for this process.

    Raises ``EngineError`` when there is no driver and none can be started.
    """
    if _attached is None:
        from nbflow.surface.inside.by_hand import start_driver

        install(start_driver(), str(Path.cwd()), "by hand")
    from pyspark.sql import SparkSession

    return SparkSession.builder.getOrCreate()
