"""YAML documents: what text means, where it stands, and what is said of text that is none."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from nbflow.core.errors import DefinitionError, Mistake
from nbflow.define.pipeline_files.document import Document, read_document


def read(tmp_path: Path, text: str | bytes) -> Document:
    """The document of a file with this text."""
    path = tmp_path / "p.yml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
    return read_document(path, "p.yml")


def refused(tmp_path: Path, text: str | bytes) -> Mistake:
    """The one mistake for which a file with this text is no document."""
    with pytest.raises(DefinitionError) as caught:
        read(tmp_path, text)
    (mistake,) = caught.value.mistakes
    assert mistake.file == "p.yml"
    return mistake


def plain(tmp_path: Path, text: str) -> Any:
    """What a file with this text holds; it has no mistakes."""
    document = read(tmp_path, text)
    assert document.mistakes == ()
    return document.root.plain()


@pytest.mark.parametrize(
    ("text", "line", "words", "hint"),
    [
        ("", None, "is empty", "tasks:"),
        ("# nothing\n\n", None, "is empty", "tasks:"),
        (b"\xef\xbb\xbf", None, "is empty", "tasks:"),
        ("a: 1\n".encode("utf-16"), 1, "is UTF-16", "UTF-8"),
        ("a: 1\n".encode("utf-16-be"), 1, "is UTF-16", "UTF-8"),
        ("a: 1\n".encode("utf-16-le"), 1, "is UTF-16", "UTF-8"),
        ("a: 1\n".encode("utf-32"), 1, "is UTF-32", "UTF-8"),
        ("a: 1\nname: caf\xe9\n".encode("latin-1"), 2, "is not UTF-8: byte 0xe9 at position 14", "UTF-8"),
        ("a: 1\nb: x\x00y\n", 2, "U+0000", "remove it"),
        ("a: x\x07y\n", 1, "U+0007", "remove it"),
        ("a:\n\tb: 1\n", 2, "a tab", "indent with spaces"),
        ("a:\n  - b: 1\n\tc: 1\n", 3, "a tab", "indent with spaces"),
        ("\ta: 1\n", 1, "a tab", "indent with spaces"),
        ("a: 1\n---\nb: 2\n", 2, "more than one document", "keep one"),
        ("a: 1\n---\n", 2, "more than one document", "keep one"),
        ("a: [1, 2\n", 2, "is no YAML", "flow sequence that begins in line 1"),
        ('a: 1\nb: "x\n', 3, "is no YAML", "the quote in line 2 is never closed"),
        ("a: 1\nb\n", 3, "is no YAML", "cut off"),
        ("a: b: c\n", 1, "is no YAML", "quotes"),
        ("a: @x\n", 1, "is no YAML", "quotes"),
        ("a: *x\n", 1, "is no YAML", "anchor"),
        ('a: "\\d"\n', 1, "is no YAML", "single quotes"),
        ("a: {{job.run_id}}/x\n", 1, "is no YAML", "{{"),
        ("%YAML 2.0\n---\na: 1\n", 1, "is no YAML", "%YAML"),
        ("a: " + "[" * 5000, 1, "nest", "less deeply"),
        ("a: " + "[" * 200 + "]" * 200, 1, "nested more than 100 levels", "less deeply"),
        ("".join(f"{' ' * n}a:\n" for n in range(150)), 101, "nested more than 100 levels", "less deeply"),
        ("a: &a\n  b: *a\n", 2, "an alias refers to what it stands in", "remove it"),
        ("a: &a [1, *a]\n", 1, "an alias refers to what it stands in", "remove it"),
        ("a: &a\n  <<: *a\n", 2, "an alias refers to what it stands in", "remove it"),
    ],
)
def test_text_that_is_no_document_is_refused(tmp_path: Path, text: str | bytes, line: int | None, words: str, hint: str) -> None:
    """Other encodings, cut files, tabs, knots: one sentence with the line and what to do, never a traceback."""
    mistake = refused(tmp_path, text)
    assert words in mistake.message
    assert mistake.line == line
    assert hint in str(mistake.hint)


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """One that is not there, and a folder."""
    for path in (tmp_path / "none.yml", tmp_path):
        with pytest.raises(DefinitionError, match="cannot be read"):
            read_document(path)


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbfa: 1\nb: \xc3\xa9\n",
        b"a: 1\r\nb: \xc3\xa9\r\n",
        b"---\na: 1\nb: \xc3\xa9\n...\n",
        b'{\n\t"a": 1,\n\t"b": "\xc3\xa9"\n}\n',
    ],
)
def test_what_other_tools_write_is_read(tmp_path: Path, data: bytes) -> None:
    """A byte-order mark, Windows' line ends, document marks, JSON indented with tabs."""
    assert read(tmp_path, data).root.plain() == {"a": 1, "b": "é"}


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(["a0: &a0 [x, x, x]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10))]),
        "\n".join(["a0: &a0 {x: 1}", *(f"a{n}: &a{n} {{{', '.join(f'k{i}: *a{n - 1}' for i in range(10))}}}" for n in range(1, 10))]),
        "\n".join(["a0: &a0 {x: 1}", *(f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 10)}]}}" for n in range(1, 10))]),
        "\n".join(["a0: &a0 {x: 1}", *(f"a{n}: &a{n} {{<<: *a{n - 1}, k{n}: 1}}" for n in range(1, 3000))]),
    ],
    ids=["lists", "maps", "merges", "a chain of merges"],
)
def test_an_alias_bomb_is_refused(tmp_path: Path, text: str) -> None:
    """Few lines that stand for billions of values are refused before any of those are made."""
    mistake = refused(tmp_path, text)
    assert "expand to more than a million values" in mistake.message
    assert mistake.line is not None


def test_what_aliases_share_is_one_node(tmp_path: Path) -> None:
    """So that many aliases cost nothing."""
    root = read(tmp_path, "a: &a [1, 2]\nb: *a\nc: {d: *a}\n").root
    assert root.value["a"] is root.value["b"] is root.value["c"].value["d"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: &a {x: 1, y: 2}\nb:\n  <<: *a\n  y: 3\n", {"x": 1, "y": 3}),
        ("a: &a {x: 1, y: 2}\nb:\n  y: 3\n  <<: *a\n", {"x": 1, "y": 3}),
        ("a: [&a {x: 1}, &c {x: 2, z: 3}]\nb: {<<: [*a, *c]}\n", {"x": 1, "z": 3}),
        ("a: &a {x: 1}\nc: &c {<<: *a, y: 2}\nb: {<<: *c}\n", {"x": 1, "y": 2}),
        ("b: {<<: {x: 1}}\n", {"x": 1}),
        ("b: {'<<': 1}\n", {"<<": 1}),
        ("a: &a 5\nb: [*a, *a]\n", [5, 5]),
    ],
)
def test_anchors_aliases_and_merge_keys(tmp_path: Path, text: str, value: Any) -> None:
    """Own keys win over merged ones wherever they stand, earlier merges over later ones; a quoted ``<<`` is a key."""
    assert plain(tmp_path, text)["b"] == value


def test_a_merged_key_keeps_the_line_where_it_was_written(tmp_path: Path) -> None:
    """A mistake in it is told where it can be mended."""
    root = read(tmp_path, "a: &a\n  x: 1\nb:\n  <<: *a\n  y: 2\n").root
    assert (root.value["b"].line_of("x"), root.value["b"].line_of("y")) == (2, 5)


@pytest.mark.parametrize(
    ("text", "line", "key", "words"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, "a", "'a' stands twice, first in line 1"),
        ("a:\n  - b: 1\n    b: 2\n", 3, "a[0].b", "'b' stands twice, first in line 2"),
        ("a: {b: 1, 'b': 2}\n", 1, "a.b", "'b' stands twice"),
        ("x: &x {}\na:\n  <<: *x\n  <<: *x\n", 4, "a.<<", "'<<' stands twice"),
        ("a: {<<: 5}\n", 1, "a.<<", "takes a map"),
        ("a: {<<: [{b: 1}, 5]}\n", 1, "a.<<", "takes a map"),
        ("a: {{job.run_id}}\n", 1, "a", "a key must be text"),
        ("? [a]\n: 1\n", 1, None, "a key must be text"),
        ("a: !!python/name:os.system\n", 1, "a", "the tag !!python/name:os.system is not known"),
        ("a: !mine [1]\n", 1, "a", "the tag !mine is not known"),
        ("a: !!set {b}\n", 1, "a", "the tag !!set is not known"),
        ("a: !!int x\n", 1, "a", "'x' is no !!int"),
        ("a: !!float true\n", 1, "a", "'true' is no !!float"),
    ],
)
def test_mistakes_that_leave_a_document(tmp_path: Path, text: str, line: int, key: str | None, words: str) -> None:
    """Repeated keys and foreign tags are told with line and dotted key, and the rest is read."""
    (mistake,) = read(tmp_path, text).mistakes
    assert (mistake.file, mistake.line, mistake.key) == ("p.yml", line, key)
    assert words in mistake.message
    assert mistake.hint


def test_a_mistake_in_what_is_shared_is_told_once(tmp_path: Path) -> None:
    """However many aliases refer to it."""
    assert len(read(tmp_path, "a: &a {x: 1, x: 2}\nb: *a\nc: {<<: *a}\n").mistakes) == 1


def test_the_roots_keys_that_hold_anchors_are_known(tmp_path: Path) -> None:
    """Those in whose values an alias's anchor stands, not those that only use one, nor those whose anchor nobody uses."""
    text = "a: {b: [&x 1]}\nc: &y {}\nd: *x\ne: [&z 2, *z]\nf: {a: &w {}, b: 1}\ng: {<<: *w}\n"
    assert read(tmp_path, text).anchors == {"a": True, "e": True, "f": False}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**12), 10**12) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\u2028\u2029\ufeff\ufffe\uffff\x85"), max_size=12)
    | st.sampled_from(["NO", "012", "12:30", "1e5", "on", "yes", "~", "null", "0o14", "1_000", "2026-01-01", ".inf", "=", "<<", "", "- a", "a: b", "#"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["a", "b c", "NO", "1", "null", "~", "é"]), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(JSON, st.booleans())
def test_values_go_through_yaml_and_come_back(tmp_path_factory: pytest.TempPathFactory, value: Any, flow: bool) -> None:
    """What PyYAML writes with every text in quotes is read as the same values."""
    text = yaml.dump({"x": value}, Dumper=_Quoting, default_flow_style=flow, allow_unicode=True)
    assert plain(tmp_path_factory.mktemp("yaml"), text) == {"x": value}


class _Quoting(yaml.SafeDumper):
    """Writes each text in double quotes, so that what is written does not hang on YAML 1.1's idea of plain text."""


_Quoting.add_representer(str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"'))
_Quoting.add_representer(float, lambda dumper, number: dumper.represent_scalar("tag:yaml.org,2002:float", repr(number)))
_Quoting.ignore_aliases = lambda self, data: True


def test_without_libyaml_it_is_the_same(tmp_path: Path) -> None:
    """PyYAML's own parser, where its C part is missing, gives the same values and the same mistakes."""
    text = "a: &a {x: NO, y: 012, x: 2}\nb: {<<: *a, z: [1e5, '1', ~]}\nc: !!set {q}\n"
    deep = tmp_path / "deep.yml"
    deep.write_text("a: " + "[" * 900 + "]" * 900)
    here = read(tmp_path, text)
    code = (
        "import sys; sys.modules['yaml._yaml'] = None\n"
        "from pathlib import Path; import yaml; assert not hasattr(yaml, 'CSafeLoader')\n"
        "from nbflow.define.pipeline_files.document import read_document; from nbflow.core.errors import DefinitionError\n"
        "document = read_document(Path(sys.argv[1]), 'p.yml'); print((document.root.plain(), document.mistakes))\n"
        "try: read_document(Path(sys.argv[2]), 'd')\nexcept DefinitionError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "p.yml"), str(deep)], capture_output=True, text=True, check=True)
    first, second = done.stdout.splitlines()
    assert first == str((here.root.plain(), here.mistakes))
    assert "nested more than 100 levels deep" in second
