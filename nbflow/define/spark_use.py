"""Whether a notebook needs Spark, told from its code and from the modules beside it that it imports."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nbflow.define.literals import dotted
from nbflow.define.source import parse_cell

_PACKAGES = ("pyspark", "delta", "pysparkling", "sparknlp", "pandera.pyspark")
_SQL = re.compile(r"^\s*%{1,2}(sql|spark)\b", re.MULTILINE)


def spark_use(cells: Sequence[Mapping[str, Any]], folder: Path) -> tuple[bool, bool]:
    """Whether the code uses Spark, and whether it uses the name ``spark`` without making it, as on Databricks.

    Modules beside the notebook, in ``folder``, are followed through their imports; they are read, never imported.
    """
    sources = [cell["source"] for cell in cells if cell["cell_type"] == "code"]
    trees = []
    for source in sources:
        try:
            trees.append(parse_cell(source))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
    bound = {name for tree in trees for name in _bound(tree)}
    wants = "spark" not in bound and any(_loads_spark(tree) for tree in trees)
    uses = wants or any(map(_SQL.search, sources)) or _imports_spark(trees, folder)
    return uses, wants


def _bound(tree: ast.AST) -> set[str]:
    """Names that the code makes."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            names |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, ast.arg):
            names.add(node.arg)
    return names


def _loads_spark(tree: ast.AST) -> bool:
    return any(isinstance(node, ast.Name) and node.id == "spark" and isinstance(node.ctx, ast.Load) for node in ast.walk(tree))


def _imports_spark(trees: list[ast.Module], folder: Path) -> bool:
    seen: set[Path] = set()
    todo: list[tuple[ast.Module, Path]] = [(tree, folder) for tree in trees]
    while todo:
        tree, place = todo.pop()
        for name in _imported(tree):
            if name.partition(".")[0] in _PACKAGES or name == "nbflow.spark":
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
