"""The server that kernels are forked from: when it says no, when it is lost, and what is left when nbflow is."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nbflow.core.exchange import FAMILY_VARIABLE
from nbflow.run.kernels.forked import ForkedProcess
from nbflow.run.kernels.forks import Forks
from nbflow.run.kernels.kernel import Kernel, KernelSpec


@contextmanager
def forking(folder: Path) -> Iterator[Forks]:
    """A server with its run's end."""
    forks = Forks(uuid.uuid4().hex, folder, None)
    try:
        yield forks
    finally:
        forks.end()


PRIVATE: list[Path] = []


@pytest.fixture(autouse=True)
def private_folders() -> Iterator[None]:
    """The kernels' own folders, whose paths must be short, go with the test."""
    yield
    while PRIVATE:
        shutil.rmtree(PRIVATE.pop(), ignore_errors=True)


def spec(folder: Path, **more: Any) -> KernelSpec:
    """A kernel in ``folder``."""
    private = Path("/tmp") / f"nbflow-test-{uuid.uuid4().hex[:8]}"
    private.mkdir(mode=0o700)
    PRIVATE.append(private)
    return KernelSpec("python3", folder, private, uuid.uuid4().hex, **more)


async def value(kernel: Kernel, code: str) -> str:
    """What ``code`` prints."""
    request, text = kernel.client.execute(code), ""
    while True:
        message = await kernel.client.iopub_channel.get_msg(timeout=30)
        if message["parent_header"].get("msg_id") == request:
            text += message["content"].get("text", "") + "".join(message["content"].get("traceback", ()))
            if message["content"].get("execution_state") == "idle":
                return text


def start_and_tell(forks: Forks, wanted: KernelSpec, code: str) -> tuple[bool, str]:
    """Whether a kernel was forked, and what ``code`` prints in it."""

    async def work() -> tuple[bool, str]:
        kernel = await Kernel.start(wanted, forks)
        try:
            return isinstance(kernel._process, ForkedProcess), await value(kernel, code)
        finally:
            await kernel.end(0)

    return asyncio.run(asyncio.wait_for(work(), 60))


def test_a_folder_with_modules_of_the_same_names_gets_kernels_of_its_own(tmp_path: Path) -> None:
    """There the notebook's module is meant, and the next kernel, elsewhere, is forked again."""
    own, other = tmp_path / "own", tmp_path / "other"
    own.mkdir()
    (other / "pandas").mkdir(parents=True)  # without __init__.py it hides nothing
    (own / "pandas.py").write_text("who = 'mine'")
    with forking(tmp_path) as forks:
        assert start_and_tell(forks, spec(own, preload=("pandas",)), "import pandas; print(pandas.who)") == (False, "mine\n")
        assert start_and_tell(forks, spec(other, preload=("pandas",)), "import pandas; print(pandas.DataFrame.__name__)") == (
            True,
            "DataFrame\n",
        )


def test_other_variables_than_the_server_s_need_a_start_of_their_own(tmp_path: Path) -> None:
    """Libraries may have read them when they were imported."""
    with forking(tmp_path) as forks:
        wanted = spec(tmp_path, environment={"OMP_NUM_THREADS": "1"})
        assert start_and_tell(forks, wanted, "import os; print(os.environ['OMP_NUM_THREADS'])") == (False, "1\n")


def test_what_was_installed_meanwhile_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that began before it forks no more; the one after it does."""
    packages = tmp_path / "site-packages"
    packages.mkdir()
    monkeypatch.setenv("PYTHONPATH", str(packages))
    with forking(tmp_path) as forks:
        assert start_and_tell(forks, spec(tmp_path), "print(1)") == (True, "1\n")
        (packages / "installed").mkdir()
        assert [start_and_tell(forks, spec(tmp_path), "print(2)")[0] for _ in range(2)] == [False, True]


def test_what_is_expected_begins_with_the_first_kernel(tmp_path: Path) -> None:
    """Not before; then the server imports it, and later kernels have it."""
    with forking(tmp_path) as forks:
        forks.expect(["colorsys"])
        assert forks._servers == []
        told = [start_and_tell(forks, spec(tmp_path), "import sys; print('colorsys' in sys.modules)")]
        while told[-1] != (True, "True\n") and len(told) < 20:
            told.append(start_and_tell(forks, spec(tmp_path), "import sys; print('colorsys' in sys.modules)"))
        assert told[-1] == (True, "True\n") and len(forks._servers) == 1


def test_folders_of_modules_that_depend_on_where_one_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is forked: each notebook may mean others."""
    monkeypatch.setenv("PYTHONPATH", "lib")
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "mine.py").write_text("x = 5")
    with forking(tmp_path) as forks:
        assert start_and_tell(forks, spec(tmp_path), "import mine; print(mine.x)") == (False, "5\n")


def test_an_interpreter_without_a_server_says_its_own_words(tmp_path: Path) -> None:
    """One that has no ipykernel: the error is that of the ordinary start, and no server is asked again."""
    script = tmp_path / "python"
    script.write_text("#!/bin/sh\necho 'no module named ipykernel' >&2\nexit 1\n")
    script.chmod(0o755)
    forks = Forks(uuid.uuid4().hex, tmp_path, str(script))
    try:
        with pytest.raises(Exception, match="exit code 1"):
            start_and_tell(forks, spec(tmp_path, python=str(script)), "1")
    finally:
        forks.end()


def test_kernels_go_on_without_their_server(tmp_path: Path) -> None:
    """The running one computes to its end, the next one starts by itself, and that it ended is noticed."""

    async def work(forks: Forks) -> list[Any]:
        kernel = await Kernel.start(spec(tmp_path), forks)
        server = int(await value(kernel, "import os; print(os.getppid())"))
        os.kill(server, signal.SIGKILL)
        told = [await value(kernel, "import time; time.sleep(1.5); print('still here')")]
        other = await Kernel.start(spec(tmp_path), forks)
        told += [isinstance(other._process, ForkedProcess), await value(other, "print('by itself')")]
        await other.end(0)
        kernel.client.execute("import os; os._exit(3)")
        told.append(await asyncio.wait_for(kernel.gone(), 20))
        await kernel.end(0)
        return told

    with forking(tmp_path) as forks:
        assert asyncio.run(asyncio.wait_for(work(forks), 60)) == ["still here\n", False, "by itself\n", "nobody saw how"]


def test_a_start_that_is_given_up_leaves_nothing(tmp_path: Path) -> None:
    """Whenever that comes."""

    async def work(forks: Forks) -> None:
        for seconds in (0.001, 0.01, 0.03, 0.06, 0.1):
            starting = asyncio.ensure_future(Kernel.start(replace(spec(tmp_path), token=token), forks))
            await asyncio.sleep(seconds)
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)

    token = uuid.uuid4().hex
    with forking(tmp_path) as forks:
        assert start_and_tell(forks, spec(tmp_path), "print(1)")[0]
        asyncio.run(asyncio.wait_for(work(forks), 60))
        until_at_most(0, token)


def test_a_program_that_nobody_waits_for_does_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A start of its own does its work; what the server, which was busy and is again, had of it ends before it begins."""
    modules, done = tmp_path / "modules", tmp_path / "done"
    for folder in (modules, tmp_path / "here"):
        folder.mkdir()
    (modules / "slow_one.py").write_text("import time; time.sleep(1)")
    (modules / "program.py").write_text(f"open({str(done)!r}, 'w').close()")
    monkeypatch.setenv("PYTHONPATH", str(modules))
    with forking(tmp_path) as forks:
        forks.begin([])
        for preload in ([], ["slow_one"]):
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            ours.close()
            request = {"folder": "/", "arguments": [], "environment": {FAMILY_VARIABLE: forks._token}, "preload": preload}
            with theirs, open(os.devnull, "r+b") as nothing:
                forks._send({**request, "program": str(modules / "program.py")}, [theirs.fileno(), *[nothing.fileno()] * 3])
        assert start_and_tell(forks, spec(tmp_path / "here"), "print(1)") == (True, "1\n")
        assert not done.exists()


def bearing(token: str) -> list[int]:
    """The processes that bear the mark ``token``, or one that begins with it."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and f"NBFLOW_FAMILY={token}".encode() in (entry / "environ").read_bytes():
                found.append(int(entry.name))
        except OSError:
            continue
    return found


OWNER = """
import asyncio, os, signal, sys
from pathlib import Path
from nbflow.run.guard import Guard
from nbflow.run.kernels.forks import Forks
from nbflow.run.kernels.kernel import Kernel, KernelSpec

async def main():
    with Guard() as guard:
        private = guard.folder / "k"
        private.mkdir()
        kernel = await Kernel.start(KernelSpec("python3", Path(sys.argv[1]), private, f"{guard.token}-1-1"), Forks(guard.token, guard.folder, None))
        kernel.client.execute("import os, time\\nif os.fork() == 0:\\n    os.setsid()\\nwhile True: time.sleep(1)")
        await asyncio.sleep(0.5)
        print(guard.token, guard._process.pid, flush=True)
        if sys.argv[2] == "unguarded":
            os.kill(guard._process.pid, signal.SIGSTOP)
        os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


@pytest.mark.parametrize("how", ["guarded", "unguarded"])
def test_nothing_is_left_when_nbflow_is_killed(tmp_path: Path, how: str) -> None:
    """Neither server nor kernels nor what they began; without the guard the kernels themselves at least."""
    owner = subprocess.run([sys.executable, "-c", OWNER, str(tmp_path), how], capture_output=True, text=True, check=False)
    assert owner.returncode == -9, owner.stderr
    token, guard = owner.stdout.split()
    try:
        until_at_most(1 if how == "unguarded" else 0, token)  # one has left its kernel's group
    finally:
        if how == "unguarded":
            os.kill(int(guard), signal.SIGCONT)
    until_at_most(0, token)


def until_at_most(count: int, token: str) -> None:
    """Wait until so few processes bear the mark."""
    deadline = time.monotonic() + 20
    while len(bearing(token)) > count:
        assert time.monotonic() < deadline, bearing(token)
        time.sleep(0.05)


GIVEN_BACK = """
import asyncio, gc, sys, tempfile
from pathlib import Path
from nbflow.run.kernels.forks import Forks
from nbflow.run.kernels.kernel import Kernel, KernelSpec

async def main():
    private = Path(sys.argv[1])
    forks = Forks("token", private, None) if sys.argv[2] == "fork" else None
    kernel = await Kernel.start(KernelSpec("python3", private, private, "token"), forks)
    kernel._wake()
    await kernel.end(0)

asyncio.run(main())
gc.collect()
print("over")
"""


@pytest.mark.parametrize("way", ["fork", "spawn"])
def test_a_kernel_that_is_let_go_holds_nobody_up(way: str) -> None:
    """The collector ends its sockets' context, which waits for each of them that is open."""
    with tempfile.TemporaryDirectory(prefix="nbflow-test-", dir="/tmp") as folder:
        done = subprocess.run([sys.executable, "-c", GIVEN_BACK, folder, way], capture_output=True, text=True, check=False, timeout=120)
    assert done.stdout == "over\n", done.stderr
