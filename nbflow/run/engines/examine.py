"""Whether an engine would start here, and what is missing: what ``nbflow doctor`` tells."""

from __future__ import annotations

import importlib.util
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from urllib.parse import urlsplit

from nbflow.core.errors import EngineError
from nbflow.define.engines import engine_label, is_address
from nbflow.run.engines.archive import archive_path
from nbflow.run.engines.jars import are_cached, jar_folder, jars_for
from nbflow.run.engines.java import find_java
from nbflow.run.engines.parts import Parts, find_spark

_ANSWER_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that an engine needs: what it is, whether it is there, and what was found or what to do."""

    what: str
    good: bool
    found: str


def examine(engine: str) -> list[Check]:
    """What ``engine`` needs here, each looked at; starts nothing and fetches nothing."""
    if is_address(engine):
        return [_looked_at("client", _connect_client), _looked_at("server", lambda: _server(engine))]
    needs = {"spark": _SPARK, "sail": _SAIL, "none": {}}
    return [_looked_at(what, look) for what, look in needs[engine].items()]


def _looked_at(what: str, look: Callable[[], str]) -> Check:
    try:
        return Check(what, True, look())
    except EngineError as error:
        return Check(what, False, str(error))
    except OSError as error:
        return Check(what, False, error.strerror or str(error))
    except metadata.PackageNotFoundError as error:
        return Check(what, False, f"{error} is not whole: install it again")


def _java() -> str:
    java = find_java(os.environ)
    return f"Java {java.major}, {java.program}"


def _pyspark() -> str:
    spark = find_spark()
    return f"pyspark {spark.version}, {spark.home}"


def _jars() -> str:
    wanted, folder = jars_for(find_spark().version), jar_folder(os.environ)
    names = ", ".join(jar.file_name for jar in wanted)
    return (
        f"{names} in {folder}" if are_cached(wanted, folder) else f"{names}: fetched from Maven Central at the first start, into {folder}"
    )


def _archive() -> str:
    spark, wanted, folder = find_spark(), jars_for(find_spark().version), jar_folder(os.environ)
    parts = Parts(find_java(os.environ), spark, tuple(folder / jar.file_name for jar in wanted))
    path = archive_path(parts) if are_cached(wanted, folder) else None
    return str(path) if path is not None and path.is_file() else "none yet: 'nbflow engine prepare' makes drivers start faster"


def _pysail() -> str:
    if importlib.util.find_spec("pysail") is None:
        raise OSError(0, "pysail is not installed; 'pip install pysail' brings it")
    return f"pysail {metadata.version('pysail')}"


def _connect_client() -> str:
    missing = [name for name in ("pyspark", "grpc", "pandas", "pyarrow") if importlib.util.find_spec(name) is None]
    if missing:
        raise OSError(0, f"{', '.join(missing)} not installed; 'pip install \"pyspark[connect]\"' brings what Spark Connect needs")
    return f"pyspark {find_spark().version}, grpcio {metadata.version('grpcio')}"


def _server(engine: str) -> str:
    parts = urlsplit(engine_label(engine))
    try:
        with socket.create_connection((parts.hostname or "", parts.port or 0), _ANSWER_SECONDS):
            return f"{engine_label(engine)} takes connections"
    except OSError as error:
        raise OSError(0, f"{engine_label(engine)} does not answer: {error.strerror or error}") from None


_SPARK: dict[str, Callable[[], str]] = {"Java": _java, "pyspark": _pyspark, "Delta's jars": _jars, "class-data archive": _archive}
_SAIL: dict[str, Callable[[], str]] = {"Sail": _pysail, "client": _connect_client}
