"""The entries of a Spark driver's catalog, made and read through py4j: Scala's values, which Python can only ask for."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from nbflow.warehouse.folders import StoredSchema, StoredTable, is_own_folder

_CATALOG = "org.apache.spark.sql.catalyst.catalog"
_KEPT = "nbflow.kept"
"""The property that marks what the catalog has from a file of the warehouse."""

_FORMATS = ("delta", "parquet", "csv", "json", "orc", "text", "avro", "binaryfile", "xml")
"""Tables of these are files, and what is kept of them tells no secret."""


class Entries:
    """Makes and reads entries in the ``jvm`` of one driver."""

    def __init__(self, jvm: Any) -> None:
        self._jvm = jvm
        self._classes: dict[str, Any] = {}
        self._new: list[Any] = []

    def java_class(self, name: str) -> Any:
        """A Java class or a companion of Scala's by its full name. Kept: py4j asks the driver once for each part of a name."""
        if name not in self._classes:
            self._classes[name] = functools.reduce(getattr, name.split("."), self._jvm)
        return self._classes[name]

    def folder(self, entry: Any) -> str | None:
        """The folder of a table's entry; ``None`` when it has none on this machine."""
        place = entry.storage().locationUri()
        return folder_of(place.get()) if place.isDefined() else None

    def describe(self, entry: Any, schema: Path) -> dict[str, Any] | None:
        """What must be kept of a name that the folders do not tell; ``None`` when they do, or when it cannot be kept."""
        kind, provider = str(entry.tableType().name()), (text_of(entry.provider()) or "").lower()
        folder = self.folder(entry)
        name = str(entry.identifier().table())
        own = folder is not None and is_own_folder(folder, schema, name)
        if kind != "VIEW" and ((provider == "delta" and own) or provider not in _FORMATS):
            return None
        as_java = self.java_class("scala.jdk.javaapi.CollectionConverters").asJava
        return {
            "version": 1, "type": kind, "provider": provider or None, "location": None if own else folder,
            "schema": json.loads(entry.schema().json()), "partitions": list(as_java(entry.partitionColumnNames())),
            "options": dict(as_java(entry.storage().properties())),
            "properties": {key: value for key, value in dict(as_java(entry.properties())).items() if key != _KEPT},
            "view": text_of(entry.viewText()), "text": text_of(entry.viewOriginalText()), "comment": text_of(entry.comment()),
        }  # fmt: skip

    def mark(self, entry: Any) -> int | None:
        """When the file was written that the entry comes from; ``None`` where it comes from none."""
        found = entry.properties().get(_KEPT)
        return int(found.get()) if found.isDefined() else None

    def marked(self, entry: Any, written: int) -> Any:
        """The entry with that mark. Of another format's partitions the files are asked from now on: other drivers make some, too."""
        properties = dict(self.java_class("scala.jdk.javaapi.CollectionConverters").asJava(entry.properties()))
        return self.copy(entry, properties=self._map({**properties, _KEPT: str(written)}), tracksPartitionsInCatalog=False)

    def can_keep(self, entry: Any) -> bool:
        """Whether a name can be known to later runs at all: views and tables that are files can."""
        return str(entry.tableType().name()) == "VIEW" or (text_of(entry.provider()) or "").lower() in _FORMATS

    def kept(self, schema: StoredSchema, name: str, document: Mapping[str, Any]) -> Any:
        """The catalog's entry of what a file says."""
        some, storage = self.java_class("scala.Option").apply, self._companion(f"{_CATALOG}.CatalogStorageFormat").empty()
        view = document["type"] == "VIEW"
        folder = Path(document["location"] or schema.folder / name)
        place = self.java_class("scala.Option").empty() if view else some(self.uri(folder))
        given = {
            "tableType": self.type(document["type"]), "provider": some(document["provider"]),
            "storage": self.copy(storage, locationUri=place, properties=self._map(document["options"])),
            "schema": self.java_class("org.apache.spark.sql.types.DataType").fromJson(json.dumps(document["schema"])),
            "partitionColumnNames": self.java_class("org.apache.spark.api.python.PythonUtils").toSeq(document["partitions"]),
            "properties": self._map({**document["properties"], _KEPT: str(schema.kept[name])}), "comment": some(document["comment"]),
            "viewText": some(document["view"]), "viewOriginalText": some(document["text"]),
        }  # fmt: skip
        return self.copy(self.table(StoredTable(schema.name, name, folder)), **given)

    def schema(self, name: str, folder: Path) -> Any:
        """The catalog's entry of a schema."""
        return self.java_class(f"{_CATALOG}.CatalogDatabase")(name, "", self.uri(folder), self._map({}))

    def table(self, table: StoredTable) -> Any:
        """The catalog's entry of a Delta table, which holds no columns: Delta reads them from the table's log."""
        some = self.java_class("scala.Option").apply
        if not self._new:
            empty = self._companion(f"{_CATALOG}.CatalogStorageFormat").empty()
            name = self.java_class("org.apache.spark.sql.catalyst.TableIdentifier")("t")
            first = [name, self.type("MANAGED"), empty, self.java_class("org.apache.spark.sql.types.StructType")(), some("delta")]
            companion = self._companion(f"{_CATALOG}.CatalogTable")
            made = self.java_class(f"{_CATALOG}.CatalogTable")(*first, *_defaults(companion, "apply", 6))
            self._new = [self.java_class(f"{_CATALOG}.CatalogTable"), self._fields(made), empty, self._fields(empty)]
        make, fields, empty, parts = self._new
        name = self.java_class("org.apache.spark.sql.catalyst.TableIdentifier")(table.name, some(table.schema))
        storage = empty.copy(*{**parts, "locationUri": some(self.uri(table.folder))}.values())
        return make(*{**fields, "identifier": name, "storage": storage}.values())

    def copy(self, thing: Any, **given: Any) -> Any:
        """A copy of a Scala case class, some of its fields changed."""
        return thing.copy(*{**self._fields(thing), **given}.values())

    def _fields(self, thing: Any) -> dict[str, Any]:
        names = str(thing.productElementNames().mkString(",")).split(",")
        return {name: thing.productElement(index) for index, name in enumerate(names)}

    def type(self, name: str) -> Any:
        """A kind of table: ``MANAGED``, ``EXTERNAL`` or ``VIEW``."""
        return getattr(self._companion(f"{_CATALOG}.CatalogTableType"), name)()

    def _companion(self, name: str) -> Any:
        return self.java_class(f"{name}$.MODULE$")

    def _map(self, values: Mapping[str, str]) -> Any:
        return self.java_class("org.apache.spark.api.python.PythonUtils").toScalaMap(dict(values))

    def uri(self, folder: Path) -> Any:
        """A folder as Spark names it."""
        return self.java_class("java.net.URI")("file", None, str(folder), None)


def _defaults(owner: Any, method: str, first: int) -> list[Any]:
    """The defaults of a Scala method's parameters from the ``first`` on, in whatever number this Spark has them."""
    prefix = f"{method}$default$"
    found = {
        int(name.removeprefix(prefix)) for name in (each.getName() for each in owner.getClass().getMethods()) if name.startswith(prefix)
    }
    return [getattr(owner, f"{prefix}{number}")() for number in sorted(found) if number >= first]


def text_of(option: Any) -> str | None:
    """The text in one of Scala's options."""
    return str(option.get()) if option.isDefined() else None


def folder_of(uri: Any) -> str | None:
    """The folder that a URI of the catalog means; ``None`` for one of another file system."""
    parts = urlsplit(str(uri.toString()))
    return unquote(parts.path).rstrip("/") or "/" if parts.scheme in ("", "file") else None
