"""The clusters in a pipeline file."""

from __future__ import annotations

from nbflow.define.pipeline_files.document import Node
from nbflow.define.pipeline_files.objects import ObjectReader
from nbflow.define.pipelines.pipeline import Cluster, Place


def read_clusters(reader: ObjectReader, node: Node | None, key: str) -> dict[str, Cluster]:
    """The clusters in a job's list at ``key``, by their keys."""
    found: dict[str, Cluster] = {}
    for index, item in enumerate(node.value if node is not None else ()):
        where = f"{key}[{index}]"
        entry = reader.object(item, "job_cluster", where)
        if "job_cluster_key" not in entry or "new_cluster" not in entry:
            continue
        name = str(entry["job_cluster_key"].value)
        if name in found:
            reader.wrong(f"the cluster {name!r} stands twice", entry["job_cluster_key"].line, where, "keep one")
        found[name] = read_cluster(reader, entry["new_cluster"], f"{where}.new_cluster")
    return found


def read_cluster(reader: ObjectReader, node: Node, key: str) -> Cluster:
    """The cluster in the map at ``key``."""
    entry = reader.object(node, "cluster", key)
    places = {"": Place(reader.file, node.line, key)}
    for name in entry:
        places[name] = Place(reader.file, node.line_of(name) if name in node.value else entry[name].line, f"{key}.{name}")
    conf = entry.get("spark_conf")
    for name in conf.value if conf is not None else ():
        places[f"spark_conf.{name}"] = Place(reader.file, conf.line_of(name) if conf else None, f"{key}.spark_conf.{name}")
    return Cluster(
        engine=str(entry["engine"].value) if "engine" in entry else None,
        spark_conf={name: reader.value(value, f"{key}.spark_conf.{name}") for name, value in conf.value.items()} if conf else {},
        num_workers=int(entry["num_workers"].value) if "num_workers" in entry else None,
        places=places,
    )
