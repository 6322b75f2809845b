"""Whether an engine would start here, and what is missing: what ``nbflow doctor`` tells."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import socket
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import metadata
from urllib.parse import urlsplit

from nbflow.core.errors import EngineError
from nbflow.define.pipelines.engines import engine_label, is_address
from nbflow.run.engines.archive import archive_path
from nbflow.run.engines.interpreter import identity_of
from nbflow.run.engines.jars import are_cached, jar_folder, jars_for, why_not
from nbflow.run.engines.java import find_java
from nbflow.run.engines.memory import heap, usable_memory, usual_bound
from nbflow.run.engines.parts import Parts, find_spark

_ANSWER_SECONDS = 3.0
_FETCH_SECONDS = 20.0
_PYTHON_SECONDS = 30.0
_PACKAGES = {"pyspark": "pyspark", "py4j": "py4j", "pysail": "pysail", "grpcio": "grpc", "pandas": "pandas", "pyarrow": "pyarrow"}
"""What notebooks need of their interpreter: distributions, and the module of each."""

_OF_CONNECT = ("pyspark", "grpcio", "pandas", "pyarrow")
_LOOK = """
import importlib.metadata, importlib.util, json
found = {}
for name, module in %r.items():
    try:
        found[name] = importlib.metadata.version(name) if importlib.util.find_spec(module) else None
    except importlib.metadata.PackageNotFoundError:
        found[name] = "?"
print(json.dumps(found))
"""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that an engine needs: what it is, whether it is there, and what was found or what to do."""

    what: str
    good: bool
    found: str


def examine(engine: str, python: str | None = None, memory: str | None = None) -> list[Check]:
    """What ``engine`` needs here, each looked at; starts nothing and fetches nothing, but asks whether it could.

    ``python`` is the interpreter of the notebooks (``None``: the one that runs this), ``memory`` what the settings give the engine
    (``None``: its share of what the machine has). Blocks; of ``spark`` not within a loop.
    """
    own = identity_of(python) == identity_of()
    interpreter = None if own else python
    client: dict[str, Callable[[], str]] = {"client": lambda: _connect_client(interpreter)}
    if is_address(engine):
        return _looked_at({**client, "server": lambda: _server(engine)})
    kernels = {} if interpreter is None else {"pyspark of notebooks": lambda: _pyspark_of(interpreter)}
    needs: dict[str, dict[str, Callable[[], str]]] = {
        "spark": {"Java": lambda: _java(memory), "pyspark": _pyspark, **kernels, "Delta's jars": _jars, "class-data archive": _archive},
        "sail": {"Sail": lambda: _pysail(interpreter, memory), **client},
        "none": {},
    }
    return _looked_at(needs[engine])


def _looked_at(looks: Mapping[str, Callable[[], str]]) -> list[Check]:
    checks = []
    for what, look in looks.items():
        try:
            checks.append(Check(what, True, look()))
        except EngineError as error:
            checks.append(Check(what, False, str(error)))
        except OSError as error:
            checks.append(Check(what, False, error.strerror or str(error)))
    return checks


def _java(memory: str | None) -> str:
    java = find_java(os.environ)
    return f"Java {java.major}, {java.program}; a driver's heap is {heap(memory)}{_of_the_machine(memory)}"


def _pyspark() -> str:
    spark = find_spark()
    return f"pyspark {spark.version}, {spark.home}"


def _pyspark_of(python: str) -> str:
    """The pyspark of notebooks that another interpreter runs: they attach to a driver of the same version only."""
    spark, found = find_spark(), _installed(python)["pyspark"]
    if found is None or found.split(".")[:2] != spark.version.split(".")[:2]:
        what = f"pyspark {found}" if found else "no pyspark"
        raise OSError(0, f"{what} for {python}; the driver is Spark {spark.version}: '{python} -m pip install pyspark=={spark.version}'")
    return f"pyspark {found}, {python}"


def _jars() -> str:
    wanted, folder = jars_for(find_spark().version), jar_folder(os.environ)
    names = ", ".join(jar.file_name for jar in wanted)
    if are_cached(wanted, folder):
        return f"{names} in {folder}"
    why = asyncio.run(why_not(wanted, find_java(os.environ), find_spark().ivy, folder, _FETCH_SECONDS))
    if why:
        raise OSError(0, why)
    return f"{names}: fetched from Maven Central at the first start, into {folder}"


def _archive() -> str:
    spark, wanted, folder = find_spark(), jars_for(find_spark().version), jar_folder(os.environ)
    parts = Parts(find_java(os.environ), spark, tuple(folder / jar.file_name for jar in wanted))
    path = archive_path(parts) if are_cached(wanted, folder) else None
    return str(path) if path is not None and path.is_file() else "none yet: 'nbflow engine prepare' makes drivers start faster"


def _of_the_machine(memory: str | None) -> str:
    return f", of the {usable_memory() / 2**30:.1f} GiB that may be used" if memory is None else ""


def _pysail(python: str | None, memory: str | None) -> str:
    found = _installed(python)["pysail"]
    if found is None:
        raise OSError(0, f"pysail is not installed{_for(python)}; '{_pip(python)} install pysail' brings it")
    bound = memory or f"{usual_bound(usable_memory()) / 2**30:.1f} GiB"
    return f"pysail {found}{_for(python)}; beyond {bound}{_of_the_machine(memory)} a server writes to files"


def _connect_client(python: str | None) -> str:
    installed = _installed(python)
    missing = [name for name in _OF_CONNECT if installed[name] is None]
    if missing:
        what = f"{', '.join(missing)} not installed{_for(python)}"
        raise OSError(0, f"{what}; '{_pip(python)} install \"pyspark[connect]\"' brings what Spark Connect needs")
    return f"pyspark {installed['pyspark']}, grpcio {installed['grpcio']}{_for(python)}"


def _installed(python: str | None) -> dict[str, str | None]:
    """The versions of what notebooks need, as an interpreter finds them; ``None`` for what it does not. Raises ``OSError``."""
    if python is None:
        return {name: _version(name) if importlib.util.find_spec(module) else None for name, module in _PACKAGES.items()}
    try:
        done = subprocess.run(
            [python, "-c", _LOOK % _PACKAGES], capture_output=True, text=True, timeout=_PYTHON_SECONDS, check=True, cwd="/"
        )
        found: dict[str, str | None] = json.loads(done.stdout)
    except (subprocess.SubprocessError, ValueError) as error:
        raise OSError(0, f"{python} does not tell what is installed: {error}") from None
    return found


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "?"


def _for(python: str | None) -> str:
    return "" if python is None else f" for {python}"


def _pip(python: str | None) -> str:
    return "pip" if python is None else f"{python} -m pip"


def _server(engine: str) -> str:
    from nbflow.run.engines.connect import ask, trouble_in

    parts, place = urlsplit(engine_label(engine)), engine_label(engine)
    try:
        with socket.create_connection((parts.hostname or "", parts.port or 0), _ANSWER_SECONDS):
            pass
    except OSError as error:
        raise OSError(0, f"{place} does not answer: {error.strerror or error}") from None
    told = ask(engine, _ANSWER_SECONDS)
    if why := trouble_in(told, engine):
        raise OSError(0, why)
    if "version" not in told:
        return f"{place} takes connections, and has not said within {_ANSWER_SECONDS:g} s what it is ({told['code']})"
    return f"{place} is Spark {told['version']}"
