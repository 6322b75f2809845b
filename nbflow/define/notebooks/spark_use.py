"""Whether a notebook needs Spark, told from its code and from the modules beside it that it imports."""

from __future__ import annotations

import ast
import re
import symtable
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from nbflow.define.notebooks.literals import dotted
from nbflow.define.notebooks.source import parse_cell, plain_source

_PACKAGES = ("pyspark", "delta", "pysparkling", "sparknlp", "pandera.pyspark")
_SQL = re.compile(r"^\s*%{1,2}(sql|spark)\b", re.MULTILINE)
_OTHER_SQL = re.compile(r"^\s*%(load|reload)_ext\s+sql\b", re.MULTILINE)
"""Loads JupySQL, whose ``%sql`` speaks to other databases."""


def spark_use(cells: Sequence[Mapping[str, Any]], folder: Path, elsewhere: Callable[[str], bool] = lambda name: False) -> tuple[bool, bool]:
    """Whether the code uses Spark, and whether it uses the name ``spark`` without making it, as on Databricks.

    Modules beside the notebook, in ``folder``, are followed through their imports; they are read, never imported. ``elsewhere``
    tells whether a module that lies somewhere else uses Spark.
    """
    sources = [cell["source"] for cell in cells if cell["cell_type"] == "code"]
    trees, made, used = [], False, False
    for source in sources:
        try:
            trees.append(parse_cell(source))
            here = _name_spark(symtable.symtable(plain_source(source), "<cell>", "exec"))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        made, used = made or here[0], used or here[1]
    wants = used and not made
    sql = any(map(_SQL.search, sources)) and not any(map(_OTHER_SQL.search, sources))
    uses = wants or sql or _imports_spark(trees, folder, elsewhere)
    return uses, wants


def _name_spark(table: symtable.SymbolTable) -> tuple[bool, bool]:
    """Whether this code makes the global name ``spark``, and whether it reads it. A local name of a function is another."""
    made = used = False
    if "spark" in table.get_identifiers():
        symbol = table.lookup("spark")
        if table.get_type() == "module" or symbol.is_global():
            made = symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace()
            used = symbol.is_referenced()
    for child in table.get_children():
        inner = _name_spark(child)
        made, used = made or inner[0], used or inner[1]
    return made, used


def module_uses_spark(data: bytes) -> bool:
    """Whether the module with this code uses Spark itself, whatever it leads to; not one that no Python takes."""
    try:
        made, used = _name_spark(symtable.symtable(data.decode("utf-8-sig", "replace"), "<module>", "exec"))
        return (used and not made) or any(map(_is_spark, _imported(ast.parse(data))))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False


def _is_spark(name: str) -> bool:
    return name == "nbflow.spark" or any(name == package or name.startswith(f"{package}.") for package in _PACKAGES)


def _imports_spark(trees: list[ast.Module], folder: Path, elsewhere: Callable[[str], bool]) -> bool:
    seen: set[Path] = set()
    todo: list[tuple[ast.Module, Path]] = [(tree, folder) for tree in trees]
    while todo:
        tree, place = todo.pop()
        for name in _imported(tree):
            if _is_spark(name) or elsewhere(name):
                return True
            for path in _files(name, place, folder):
                if path not in seen:
                    seen.add(path)
                    module = _parsed(path)
                    if module is not None:
                        todo.append((module, path.parent))
    return False


def _imported(tree: ast.AST) -> set[str]:
    """The dotted names that the code imports or takes from nbflow."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            names |= {base, *(f"{base}.{alias.name}".lstrip(".") for alias in node.names)}
        elif isinstance(node, ast.Attribute) and dotted(node) == "nbflow.spark":
            names.add("nbflow.spark")
        elif isinstance(node, ast.Call) and dotted(node.func) in ("__import__", "import_module", "importlib.import_module"):
            names |= {item.value for item in node.args[:1] if isinstance(item, ast.Constant) and isinstance(item.value, str)}
    return names - {""}


def _files(name: str, place: Path, folder: Path) -> list[Path]:
    """The files beside the code that a module's name may mean."""
    parts = name.split(".")
    found = []
    for start in dict.fromkeys((place, folder)):
        for length in range(1, len(parts) + 1):
            base = start.joinpath(*parts[:length])
            found += [path for path in (base.with_suffix(".py"), base / "__init__.py") if path.is_file()]
    return found


def _parsed(path: Path) -> ast.Module | None:
    try:
        return ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return None
