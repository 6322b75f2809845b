"""Notebook files: read as they are, whatever tool wrote them, without nbformat on the way of ordinary ones."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from nbflow.core.errors import DefinitionError, Mistake
from nbflow.core.notebook_cells import cell_problem
from nbflow.core.notebook_text import databricks_cell, exported_language
from nbflow.core.run_line import notebook_places
from nbflow.define.notebooks.broken_cells import broken_cells
from nbflow.define.notebooks.included import Find, follow_runs
from nbflow.define.notebooks.inspector import Inspection, read_parameters
from nbflow.define.notebooks.names import is_python
from nbflow.define.notebooks.notebook import Notebook
from nbflow.define.notebooks.script import Script, read_script
from nbflow.define.notebooks.spark_use import spark_use

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://.")
_FOREIGN = re.compile(r"%%(scala|r)\b")
_LANGUAGES = {"ir": "R", "bash": "bash", "xeus-cling": "C++"}


def resolve_notebook_path(text: str | Path, folder: Path, root: Path) -> Path | None:
    """The file that ``text`` names: from ``folder``, ``/x`` from the workspace's ``root``; ``None`` where there is none.

    The extension may be left out. Where the workspace has no such file, an absolute path is the machine's.
    """
    found = next(filter(is_there, notebook_places(text, folder, root)), None)
    return None if found is None else found.resolve()


def is_there(path: Path) -> bool:
    """Whether there is a file at ``path``, as far as one may look."""
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name too long, a folder that may not be read
        return False


def read_notebook(path: Path, shown: str | None = None, root: Path | None = None) -> Notebook:
    """The notebook in the file at ``path``: an ``.ipynb``, a ``.py`` in Databricks' or jupytext's percent form, or a ``.sql`` in
    Databricks' form.

    ``shown`` is the path for messages, ``root`` the workspace's, where ``%run /x`` starts. Files are only read. Raises
    ``DefinitionError`` with all mistakes of the file, of its parameters and of the notebooks that it runs inside of itself.
    """
    file = shown or str(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DefinitionError([Mistake(f"cannot be read: {error.strerror or error}", file)]) from None
    notebook = parse_notebook(data, path, file)
    if not is_python(notebook.language):
        return notebook
    start = root or path.parent
    return _with_included(notebook, path, file, lambda text, folder: resolve_notebook_path(text, folder, start))


def _with_included(notebook: Notebook, path: Path, file: str, find: Find) -> Notebook:
    """``notebook`` with what the notebooks bring that it runs by ``%run``."""
    cells = notebook.document["cells"]
    found = follow_runs(cells, path, file, notebook.lines, find, _read_alone, notebook.databricks)
    if found.mistakes:
        raise DefinitionError(found.mistakes)
    own = {parameter.name for parameter in notebook.parameters}
    further = [parameter for parameter in found.parameters.values() if parameter.name not in own]
    uses, wants = notebook.uses_spark or found.uses_spark, notebook.wants_spark_name or found.wants_spark_name
    return replace(notebook, parameters=(*notebook.parameters, *further), uses_spark=uses, wants_spark_name=wants)


def _read_alone(path: Path) -> Notebook:
    return parse_notebook(path.read_bytes(), path, str(path))


def is_remote(text: str | Path) -> bool:
    """Whether ``text`` is the address of a notebook elsewhere (``s3://bucket/x.ipynb``), and no path."""
    return _ADDRESS.match(str(text)) is not None


def parse_notebook(data: bytes, path: Path, file: str, url: str | None = None) -> Notebook:
    """The notebook that ``data`` holds, of a file at ``path`` or from ``url``; ``file`` is its name for messages.

    Raises ``DefinitionError`` with all mistakes.
    """
    text = _decoded(data, file)
    if path.suffix in (".py", ".sql"):
        script = read_script(text, file, path.suffix)
    else:
        script = _exported(_document(text, file))
    document, lines = script.document, script.lines
    kernel, language = _kernel(document["metadata"])
    python = is_python(language)
    found = read_parameters(document["cells"], file, lines) if python else Inspection((), _tagged(document), ())
    mistakes = [*found.mistakes, *(_foreign(document["cells"], file, lines) if script.databricks else ())]
    if mistakes:
        raise DefinitionError(mistakes)
    uses, wants = spark_use(document["cells"], path.parent) if python else (False, False)
    return Notebook(
        path=path.absolute(), document=document, sha256=hashlib.sha256(data).hexdigest(), kernel=kernel, language=language,
        parameters=found.parameters, parameters_cell=found.parameters_cell,
        declares=python and found.parameters_cell is not None, uses_spark=uses, wants_spark_name=wants,
        url=url, warnings=tuple(broken_cells(document["cells"], file, found.parameters_cell, lines)) if python else (),
        databricks=script.databricks, lines=lines,
    )  # fmt: skip


def _exported(document: dict[str, Any]) -> Script:
    """The document, its cells as Jupyter has them where Databricks has exported it."""
    language = exported_language(document["metadata"])
    if language is None:
        return Script(document, (), databricks=False)
    for cell in document["cells"]:
        if cell["cell_type"] == "code":
            made = databricks_cell(cell["source"], language)
            cell["source"] = made.source
            if made.kind == "markdown":
                cell["cell_type"] = "markdown"
                del cell["outputs"], cell["execution_count"]
    document["metadata"]["kernelspec"] = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    return Script(document, (), databricks=True)


def _foreign(cells: Sequence[Mapping[str, Any]], file: str, lines: Sequence[int]) -> Iterator[Mistake]:
    """One mistake for each cell in a language that has no kernel here."""
    for index, cell in enumerate(cells):
        found = _FOREIGN.match(cell["source"]) if cell["cell_type"] == "code" else None
        if found is not None:
            language = {"scala": "Scala", "r": "R"}[found.group(1)]
            line, key = (lines[index] + 1, None) if lines else (None, f"cells[{index}]")
            hint = "write it in Python or SQL, or take the cell out"
            yield Mistake(f"a cell in {language} cannot be run in a notebook of Python or SQL", file, line, key, hint)


def _tagged(document: Mapping[str, Any]) -> int | None:
    for index, cell in enumerate(document["cells"]):
        if cell["cell_type"] == "code" and "parameters" in cell["metadata"].get("tags", []):
            return index
    return None


def _decoded(data: bytes, file: str) -> str:
    if not data.strip():
        raise DefinitionError([Mistake("is empty", file, hint="a notebook holds JSON; was the copy cut off?")])
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in data[:4]:
        raise DefinitionError([Mistake("is UTF-16 or UTF-32, not UTF-8", file, hint="save it as UTF-8")])
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        message = f"is not UTF-8: byte {data[error.start]:#04x} at position {error.start}"
        raise DefinitionError([Mistake(message, file, line, hint="save it as UTF-8")]) from None


def _document(text: str, file: str) -> dict[str, Any]:
    """The nbformat 4 document in ``text``, every source one string, every cell with what nbformat asks of it."""
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        cut = error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string")
        hint = "the file is cut off" if cut else "a notebook holds JSON"
        raise DefinitionError([Mistake(f"is no JSON: {error.msg}", file, error.lineno, hint=hint)]) from None
    except RecursionError:
        raise DefinitionError([Mistake("is nested too deeply", file)]) from None
    except ValueError as error:  # a number with more digits than Python reads
        raise DefinitionError([Mistake(f"cannot be read: {error}", file)]) from None
    if not isinstance(document, dict):
        kind = "a list" if isinstance(document, list) else "a single value"
        raise DefinitionError([Mistake(f"holds {kind}, not a notebook", file, 1)])
    version = document.get("nbformat")
    if not isinstance(version, int) or isinstance(version, bool) or not 1 <= version <= 4:
        said = "has no nbformat" if version is None else f"has nbformat {version!r}"
        raise DefinitionError([Mistake(f"{said}; notebooks of nbformat 4 and older can be read", file, key="nbformat")])
    if version < 4:
        document = _converted(text, file)
    return _checked(document, file)


def _converted(text: str, file: str) -> dict[str, Any]:
    """A notebook of an older format as nbformat converts it."""
    import nbformat
    from nbformat import reader

    try:
        converted = nbformat.convert(reader.reads(text), 4)
    except Exception as error:  # what nbformat raises for a broken old notebook can be anything
        message = f"its old format cannot be read: {type(error).__name__}: {error}"
        raise DefinitionError([Mistake(message, file, key="nbformat")]) from error
    plain: dict[str, Any] = json.loads(json.dumps(converted))
    return plain


def _checked(document: dict[str, Any], file: str) -> dict[str, Any]:
    mistakes = []
    cells = document.get("cells")
    if not isinstance(cells, list):
        raise DefinitionError([Mistake("has no list of cells", file, key="cells")])
    if document.get("metadata") is None:
        document["metadata"] = {}
    if not isinstance(document["metadata"], dict):
        mistakes.append(Mistake("metadata must be an object", file, key="metadata"))
    if not isinstance(document.setdefault("nbformat_minor", 0), int):
        mistakes.append(Mistake("nbformat_minor must be a whole number", file, key="nbformat_minor"))
    for index, cell in enumerate(cells):
        problem = cell_problem(cell)
        if problem:
            mistakes.append(Mistake(problem, file, key=f"cells[{index}]"))
    if mistakes:
        raise DefinitionError(mistakes)
    return document


def _kernel(metadata: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """The kernel's name and the language that the metadata name."""
    spec, info = metadata.get("kernelspec"), metadata.get("language_info")
    spec, info = spec if isinstance(spec, dict) else {}, info if isinstance(info, dict) else {}
    kernel = spec.get("name") or None
    language = spec.get("language") or info.get("name") or None
    if language is None and isinstance(kernel, str):
        language = "python" if kernel.startswith("python") else _LANGUAGES.get(kernel)
    return (str(kernel) if kernel else None), (str(language) if language else None)
