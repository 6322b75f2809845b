"""Notebook files, read as they are."""

from __future__ import annotations

import hashlib
import json
import stat
from pathlib import Path
from typing import Any

import nbformat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nbflow.core.errors import DefinitionError
from nbflow.define.notebooks.file import read_notebook, resolve_notebook_path

CODE = {"cell_type": "code", "metadata": {}, "source": "print('é 🐍')", "outputs": [], "execution_count": None}


def document(*cells: Any, **more: Any) -> dict[str, Any]:
    return {"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 4, **more}


def written(folder: Path, content: Any, name: str = "nb.ipynb") -> Path:
    path = folder / name
    data = content if isinstance(content, bytes) else json.dumps(content, ensure_ascii=False).encode()
    path.write_bytes(data)
    return path


def refused(path: Path) -> str:
    with pytest.raises(DefinitionError) as caught:
        read_notebook(path, "notebooks/nb.ipynb")
    assert all(mistake.file == "notebooks/nb.ipynb" for mistake in caught.value.mistakes)
    return str(caught.value)


def test_reading_never_writes(tmp_path: Path) -> None:
    """A read-only notebook is read, and its bytes, mode and times stay as they are."""
    path = written(tmp_path, document(CODE, {"cell_type": "markdown", "source": ["# a\n", "b"]}))
    path.chmod(0o444)
    before, data = path.stat(), path.read_bytes()
    notebook = read_notebook(path)
    after = path.stat()
    assert path.read_bytes() == data
    assert (after.st_mtime_ns, stat.S_IMODE(after.st_mode)) == (before.st_mtime_ns, 0o444)
    assert notebook.sha256 == hashlib.sha256(data).hexdigest()
    assert notebook.path == path
    assert [item.name for item in tmp_path.iterdir()] == ["nb.ipynb"]


_texts = st.text(max_size=30) | st.lists(st.text(max_size=10), max_size=4).map(lambda lines: [f"{line}\n" for line in lines])
_outputs = st.lists(
    st.fixed_dictionaries({"output_type": st.just("stream"), "name": st.just("stdout"), "text": st.text(max_size=10)}), max_size=2
)
_metadata = st.dictionaries(st.sampled_from(["a", "b", "collapsed"]), st.booleans() | st.integers(), max_size=2)
_cells = st.one_of(
    st.fixed_dictionaries({
        "cell_type": st.just("code"), "metadata": _metadata, "source": _texts, "outputs": _outputs,
        "execution_count": st.none() | st.integers(0, 99),
    }),
    st.fixed_dictionaries({"cell_type": st.sampled_from(["markdown", "raw"]), "metadata": _metadata, "source": _texts}),
)  # fmt: skip


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cells=st.lists(_cells, max_size=4), language=st.sampled_from(["python", "R", "bash"]))
def test_good_notebooks_are_read_as_nbformat_reads_them(tmp_path: Path, cells: list[Any], language: str) -> None:
    """For valid nbformat 4 the document equals nbformat's own, sources joined, nothing lost."""
    metadata = {"kernelspec": {"name": "k", "display_name": "K", "language": language}, "custom": {"deep": [1, None]}}
    path = written(tmp_path, document(*cells, metadata=metadata))
    theirs = json.loads(json.dumps(nbformat.read(path, as_version=4)))
    ours = json.loads(json.dumps(read_notebook(path).document))
    for cell in theirs["cells"]:
        for output in cell.get("outputs", []):
            output["text"] = "".join(output["text"])
    assert ours == theirs


@pytest.mark.parametrize("version", [2, 3])
def test_old_formats_are_converted(tmp_path: Path, version: int) -> None:
    """A notebook of nbformat 2 or 3, with its sources as lists, becomes nbformat 4."""
    lines = ["a = 1\n", "b = 2"] if version == 3 else ["a = 1", "b = 2"]
    cell = {"cell_type": "code", "input": lines, "outputs": [], "language": "python", "collapsed": False}
    old = {"nbformat": version, "nbformat_minor": 0, "metadata": {"name": "n"}, "worksheets": [{"cells": [cell], "metadata": {}}]}
    notebook = read_notebook(written(tmp_path, old))
    assert notebook.document["nbformat"] == 4
    assert [item["source"] for item in notebook.document["cells"]] == ["a = 1\nb = 2"]


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    """UTF-8 with a mark, as Windows tools write it, reads the same."""
    plain = written(tmp_path, document(CODE))
    marked = written(tmp_path, b"\xef\xbb\xbf" + plain.read_bytes(), "marked.ipynb")
    assert read_notebook(marked).document == read_notebook(plain).document


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (json.dumps(document(CODE)).encode("utf-16"), "is UTF-16 or UTF-32"),
        (json.dumps(document(CODE)).encode("utf-16-le"), "is UTF-16 or UTF-32"),
        (json.dumps(document(CODE)).encode("utf-32"), "is UTF-16 or UTF-32"),
        (b'{\n"cells": "\xe9"}', "notebooks/nb.ipynb:2: is not UTF-8: byte 0xe9 at position 12"),
        (b'{"cells": [\n {"cell_type": "code",\n', "the file is cut off"),
        (b'{"cells": [\n {"cell_type": "co', "the file is cut off"),
        (b"<html></html>", "a notebook holds JSON"),
        (b"[1, 2]", "holds a list, not a notebook"),
        (b"7", "holds a single value, not a notebook"),
        (b'{"cells": []}', "has no nbformat"),
        (b'{"nbformat": 5, "cells": []}', "has nbformat 5"),
        (b'{"nbformat": 4, "nbformat_minor": "x", "cells": []}', "nbformat_minor must be a whole number"),
        (b'{"nbformat": 3}', "its old format cannot be read"),
        (b'{"nbformat": 4}', "has no list of cells"),
        (b'{"nbformat": 4, "cells": {}}', "has no list of cells"),
        (b'{"nbformat": 4, "cells": [], "metadata": []}', "metadata must be an object"),
        (b"[" * 100_000, "is nested too deeply"),
        (b'{"nbformat": 4, "cells": [{"cell_type": "text"}]}', "cells[0]: is no cell"),
        (b'{"nbformat": 4, "cells": [3]}', "cells[0]: is no cell"),
        (b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": 3}]}', "cells[0]: its source must be text"),
        (b'{"nbformat": 4, "cells": [{"cell_type": "raw", "metadata": 3}]}', "cells[0]: its metadata must be an object"),
        (b'{"nbformat": 4, "cells": [{"cell_type": "raw", "metadata": {"tags": "a"}}]}', "cells[0]: its tags must be a list"),
    ],
)
def test_a_broken_file_is_told_with_what_is_wrong(tmp_path: Path, data: bytes, words: str) -> None:
    """Each way in which a file is no notebook gives a sentence with the file's name."""
    assert words in refused(written(tmp_path, data))


def test_all_broken_cells_are_told(tmp_path: Path) -> None:
    """Two broken cells give two mistakes with their places."""
    text = refused(written(tmp_path, document(CODE, {"cell_type": "x"}, {"cell_type": "code", "source": None})))
    assert "cells[1]" in text
    assert "cells[2]" in text


def test_what_cannot_be_opened_is_told(tmp_path: Path) -> None:
    """A missing file and a folder are mistakes, not tracebacks."""
    assert "cannot be read: No such file" in refused(tmp_path / "none.ipynb")
    assert "cannot be read" in refused(tmp_path)


def test_what_tools_leave_out_is_put_in(tmp_path: Path) -> None:
    """Cells without metadata, outputs, count or source, and no metadata at all, make a whole document."""
    path = written(tmp_path, {"nbformat": 4, "cells": [{"cell_type": "code"}, {"cell_type": "raw", "source": ["a", "b"]}]})
    found = read_notebook(path).document
    assert found["cells"][0] == {"cell_type": "code", "source": "", "metadata": {}, "outputs": [], "execution_count": None}
    assert found["cells"][1] == {"cell_type": "raw", "source": "ab", "metadata": {}}
    assert found["metadata"] == {}


@pytest.mark.parametrize(
    ("metadata", "kernel", "language"),
    [
        ({}, None, None),
        ({"language_info": {"name": "python"}}, None, "python"),
        ({"kernelspec": {"name": "python3"}}, "python3", "python"),
        ({"kernelspec": {"name": "ir"}}, "ir", "R"),
        ({"kernelspec": {"name": "conda-env-x-py", "language": "python"}}, "conda-env-x-py", "python"),
        ({"kernelspec": None, "language_info": 5}, None, None),
    ],
)
def test_kernel_and_language_are_what_the_metadata_name(tmp_path: Path, metadata: Any, kernel: Any, language: Any) -> None:
    """Missing metadata name nothing; nothing is guessed from the code."""
    notebook = read_notebook(written(tmp_path, document(CODE, metadata=metadata)))
    assert (notebook.kernel, notebook.language) == (kernel, language)


def test_parameters_are_known_of_python_alone(tmp_path: Path) -> None:
    """In a notebook of another language the tagged cell is found, and its names are not judged."""
    cell = {**CODE, "metadata": {"tags": ["parameters"]}, "source": "a <- 1"}
    notebook = read_notebook(written(tmp_path, document(CODE, cell, metadata={"kernelspec": {"name": "ir", "language": "R"}})))
    assert (notebook.parameters, notebook.parameters_cell, notebook.declares) == ((), 1, False)
    python = read_notebook(written(tmp_path, document({**cell, "source": "a = 1"})))
    assert ([item.name for item in python.parameters], python.parameters_cell, python.declares) == (["a"], 0, True)


def test_a_notebook_is_found_with_and_without_its_extension(tmp_path: Path) -> None:
    """Paths start at the folder, ``/x`` at the root, and an existing absolute path is taken as it is."""
    folder = tmp_path / "pipelines"
    (tmp_path / "notebooks").mkdir()
    folder.mkdir()
    layer, script = tmp_path / "notebooks/layer.ipynb", tmp_path / "notebooks/load.v2.py"
    layer.touch()
    script.touch()
    for text in ("../notebooks/layer", "../notebooks/layer.ipynb", "/notebooks/layer", str(layer), layer):
        assert resolve_notebook_path(text, folder, tmp_path) == layer
    assert resolve_notebook_path("../notebooks/load.v2", folder, tmp_path) == script
    for text in ("", "layer", "../notebooks", "/other"):
        assert resolve_notebook_path(text, folder, tmp_path) is None


def test_what_no_kernel_takes_is_told_before(tmp_path: Path) -> None:
    """Half a character in a cell, a number of more digits than Python reads, SQL."""
    cell = {"cell_type": "code", "source": "x = '\ud83d'", "metadata": {}, "outputs": [], "execution_count": None}
    (tmp_path / "half.ipynb").write_text(json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 4}))
    (tmp_path / "long.ipynb").write_text('{"nbformat": 4, "cells": [], "metadata": {"x": ' + "1" * 5000 + "}}")
    (tmp_path / "s.sql").write_text("select 1")
    for name, words in (("half.ipynb", "half a character"), ("long.ipynb", "cannot be read"), ("s.sql", "is SQL")):
        with pytest.raises(DefinitionError, match=words):
            read_notebook(tmp_path / name)


def test_a_path_from_the_root_is_the_workspace_s(tmp_path: Path) -> None:
    """``/x`` is the machine's only where the workspace has no such file; names that can be no file's name none."""
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "hosts.py").write_text("")
    outside = tmp_path.parent / f"{tmp_path.name}.py"
    outside.write_text("")
    assert resolve_notebook_path("/etc/hosts", tmp_path, tmp_path) == tmp_path / "etc" / "hosts.py"
    assert resolve_notebook_path(str(outside), tmp_path, tmp_path) == outside
    for name in ("/", ".", "", "x" * 5000, "a\0b"):
        assert resolve_notebook_path(name, tmp_path, tmp_path) is None
