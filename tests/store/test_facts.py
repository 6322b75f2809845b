"""What is recorded of a run's surroundings."""

from __future__ import annotations

import importlib.metadata
import json
import os
import subprocess
import sys
from pathlib import Path

from nbflow.store.facts import gather_facts, git_facts


def git(folder: Path, *words: str) -> str:
    """What git prints."""
    who = ["-c", "user.name=n", "-c", "user.email=e@example.org"]
    return subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


def test_without_a_repository(tmp_path: Path) -> None:
    """Everything that is known is recorded as plain JSON; git's part is empty where there is no repository."""
    facts = gather_facts(tmp_path, "cli", ["nbflow", "run", "p.yml"])
    assert json.loads(json.dumps(facts)) == facts
    assert (facts["how"], facts["command"]) == ("cli", ["nbflow", "run", "p.yml"])
    assert facts["python"] == ".".join(map(str, sys.version_info[:3]))
    assert facts["nbflow"] == importlib.metadata.version("nbflow")
    assert facts["user"]
    assert facts["host"]
    assert (facts["git_commit"], facts["git_dirty"]) == (None, None)


def test_the_commit_and_whether_files_differ_from_it(tmp_path: Path) -> None:
    """The commit is recorded from any folder of the repository, and whether a tracked file was changed."""
    git(tmp_path, "init", "-q")
    (tmp_path / "sub").mkdir()
    (tmp_path / "f").write_text("1")
    assert git_facts(tmp_path) == {"git_commit": None, "git_dirty": False}
    git(tmp_path, "add", "f")
    git(tmp_path, "commit", "-qm", "m")
    head = git(tmp_path, "rev-parse", "HEAD")
    (tmp_path / "untracked").write_text("")
    assert git_facts(tmp_path / "sub") == {"git_commit": head, "git_dirty": False}
    (tmp_path / "f").write_text("2")
    assert git_facts(tmp_path) == {"git_commit": head, "git_dirty": True}


def test_a_file_that_is_in_no_commit(tmp_path: Path) -> None:
    """What a run was made from and git does not track, ignored or not, cannot be had from the commit again: it is dirty, be it a link or
    in a repository inside; what lies elsewhere says nothing."""
    module, project, elsewhere = tmp_path / "module", tmp_path / "project", tmp_path / "elsewhere.py"
    for folder, name in ((module, "kept.py"), (project, "kept [1].py"), (project, "sub/kept.py")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("")
    elsewhere.write_text("")
    git(module, "init", "-q")
    git(module, "add", ".")
    git(module, "commit", "-qm", "m")
    git(project, "init", "-q")
    git(project, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(module), "module")
    (project / ".gitignore").write_text("ignored.py\n")
    (project / "kept-link.py").symlink_to("sub/kept.py")
    (project / "kept-folder").symlink_to("sub")
    odd = os.fsdecode(b"kept\xff.py")  # no UTF-8
    (project / odd).touch()
    git(project, "add", ".")
    git(project, "commit", "-qm", "m")
    git(project, "clone", "-q", str(module), "inner")
    (project / "link.py").symlink_to(elsewhere)
    (project / "way.py").symlink_to("new [1].py")
    (project / "folder").symlink_to("sub")
    for name in ("ignored.py", "new [1].py", "module/new.py"):
        (project / name).write_text("")
    kept = ("kept [1].py", "sub/kept.py", "kept-link.py", "kept-folder/kept.py", "module/kept.py", odd, "../elsewhere.py")
    new = ("ignored.py", "new [1].py", "module/new.py", "inner/kept.py", "link.py", "way.py", "folder/kept.py", "not-there.py")
    dirty = {name: git_facts(project / "sub", [project / name])["git_dirty"] for name in (*kept, *new)}
    assert dirty == {**dict.fromkeys(kept, False), **dict.fromkeys(new, True)}


def test_many_files(tmp_path: Path) -> None:
    """More files than a command line holds are all looked at."""
    git(tmp_path, "init", "-q")
    folder = tmp_path / ("f" * 200)
    folder.mkdir()
    paths = [folder / f"{number:0>200}.py" for number in range(6_000)]
    for path in paths:
        path.touch()
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "m")
    assert git_facts(tmp_path, paths)["git_dirty"] is False
    assert git_facts(tmp_path, [*paths, tmp_path / "new.py"])["git_dirty"] is True


def test_a_repository_that_is_broken(tmp_path: Path) -> None:
    """A repository that git does not understand is no reason not to run."""
    (tmp_path / ".git").write_text("nonsense")
    assert git_facts(tmp_path) == {"git_commit": None, "git_dirty": None}
