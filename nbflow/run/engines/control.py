"""nbflow's own hand on a Spark driver: makes its session, makes tables known, cancels jobs. The door to py4j on this side."""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any


def read_connection(path: Path) -> tuple[int, str]:
    """Port and secret from the file that the gateway wrote: two lengths in network order, then the text."""
    data = path.read_bytes()
    port, length = struct.unpack(">ii", data[:8])
    return port, data[8 : 8 + length].decode("utf-8")


def write_connection(path: Path, port: int, secret: str) -> None:
    """Keep port and secret for the kernels, in a file that only its owner may read."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump({"port": port, "secret": secret}, file)


def quoted(name: str) -> str:
    """``name`` as an identifier in SQL."""
    return "`" + name.replace("`", "``") + "`"


def text_literal(text: str) -> str:
    """``text`` as a literal in SQL."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def tables_in(warehouse: Path) -> Iterator[tuple[str, str, Path]]:
    """Schema, name and folder of the Delta tables in the warehouse."""
    if not warehouse.is_dir():
        return
    for schema in sorted(path for path in warehouse.iterdir() if path.is_dir() and not path.name.startswith((".", "_"))):
        for table in sorted(path for path in schema.iterdir() if not path.name.startswith((".", "_"))):
            if (table / "_delta_log").is_dir():
                yield schema.name, table.name, table


class Control:
    """A connection of nbflow's own to a driver's gateway."""

    def __init__(self, port: int, secret: str) -> None:
        from py4j.java_gateway import GatewayParameters, JavaGateway

        self._gateway = JavaGateway(gateway_parameters=GatewayParameters(port=port, auth_token=secret, auto_convert=True))
        self._session: Any = None

    def begin(self, settings: Mapping[str, str], warehouse: Path) -> str:
        """Make the driver's context and make the warehouse's tables known; returns Spark's version. Blocking."""
        builder = self._gateway.jvm.org.apache.spark.sql.classic.SparkSession.builder()
        for name, value in settings.items():
            builder = builder.config(name, value)
        self._session = builder.getOrCreate()
        self._register(warehouse)
        return str(self._session.version())

    def _register(self, warehouse: Path) -> None:
        tables = list(tables_in(warehouse))
        for schema in dict.fromkeys(schema for schema, _, _ in tables):
            if schema != "default":
                place = text_literal(str(warehouse / schema))
                self._session.sql(f"CREATE SCHEMA IF NOT EXISTS {quoted(schema)} LOCATION {place}")
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(self._register_table, tables))

    def _register_table(self, table: tuple[str, str, Path]) -> None:
        from py4j.protocol import Py4JJavaError

        schema, name, folder = table
        statement = f"CREATE TABLE IF NOT EXISTS {quoted(schema)}.{quoted(name)} USING delta LOCATION {text_literal(str(folder))}"
        try:
            self._session.sql(statement)
        except Py4JJavaError:
            pass  # a table that was not written to its end: who reads it is told by Spark what is wrong with it

    def cancel(self, tag: str) -> None:
        """Cancel all jobs that carry ``tag``. Blocking, quick."""
        self._session.sparkContext().cancelJobsWithTag(tag)

    def close(self) -> None:
        """Give the connection back."""
        self._gateway.close()
