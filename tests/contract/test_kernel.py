"""What every kernel's process must be, whether its interpreter was started for it or it was forked from one that had done the imports."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from nbflow.core.results import ErrorKind, Result
from nbflow.run.cells import CellLoop, Limits
from nbflow.run.endings import Ending
from nbflow.run.kernels.forked import ForkedProcess
from nbflow.run.kernels.forks import Forks
from nbflow.run.kernels.kernel import Kernel, KernelSpec
from nbflow.run.kernels.launched import LaunchedProcess
from nbflow.run.stop import Stop

PRELOAD = ("numpy", "pandas", "pyarrow", "matplotlib.figure", "matplotlib.backends.backend_agg")


class Notes:
    """A watcher that asks for the end where a cell prints ``stop_at``."""

    def __init__(self, stop: Stop, stop_at: str | None) -> None:
        self._stop, self._stop_at, self._text = stop, stop_at, ""

    def cell_started(self, index: int) -> None:
        pass

    def cell_changed(self, index: int, outputs: Callable[[], list[dict[str, Any]]]) -> None:
        pass

    def cell_printed(self, index: int, stream: str, text: str) -> None:
        self._text += text
        if self._stop_at is not None and self._stop_at in self._text:
            self._stop.ask("SIGINT", 2)

    def cell_ended(self, index: int, failed: bool) -> None:
        pass


class Way:
    """One way to have kernels, each for one notebook."""

    def __init__(self, name: str, forks: Forks | None, token: str) -> None:
        self.name, self._forks, self._token = name, forks, token

    def run(
        self,
        folder: Path,
        *cells: str,
        limits: Limits | None = None,
        stop_at: str | None = None,
        then: Callable[[Kernel], Any] | None = None,
    ) -> tuple[Ending, list[dict[str, Any]]]:
        """Execute the cells in ``folder``: how they ended, and the cells as they are then. ``then`` is awaited before the kernel ends."""
        code = [{"cell_type": "code", "source": source, "metadata": {}, "outputs": [], "execution_count": None} for source in cells]

        async def work() -> Ending:
            private, stop = Path("/tmp") / f"nbflow-test-{uuid.uuid4().hex[:8]}", Stop()
            private.mkdir(mode=0o700)
            spec = KernelSpec("python3", folder, private, self.token, environment={"NBFLOW_TASK": str(private)}, preload=PRELOAD)
            kernel = await Kernel.start(spec, self._forks)
            assert isinstance(kernel._process, LaunchedProcess if self._forks is None else ForkedProcess)
            try:
                ending = await CellLoop(
                    {"cells": code, "metadata": {}}, kernel, limits or Limits(grace_seconds=1), Notes(stop, stop_at), stop
                ).run()
                if then is not None:
                    await then(kernel)
                return ending
            finally:
                await kernel.end(1.0)
                for path in private.iterdir():
                    path.unlink()
                private.rmdir()

        return asyncio.run(asyncio.wait_for(work(), 120)), code

    @property
    def token(self) -> str:
        """The mark of its kernels."""
        return f"{self._token}-1-1"

    def text(self, folder: Path, *cells: str, **how: Any) -> str:
        """What the last cell prints, where all of them run."""
        ending, done = self.run(folder, *cells, **how)
        assert ending.result is Result.SUCCESS, ending.error
        return printed(done[-1])


def printed(cell: dict[str, Any]) -> str:
    """All that a cell printed."""
    return "".join(output.get("text", "") for output in cell["outputs"])


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Way]]:
    """Both ways; the forking one has done its imports for all tests."""
    token = uuid.uuid4().hex
    forks = Forks(token, tmp_path_factory.mktemp("forks"), None)
    forks.begin(PRELOAD)
    yield {"fork": Way("fork", forks, token), "spawn": Way("spawn", None, uuid.uuid4().hex)}
    forks.end()


@pytest.fixture(params=["fork", "spawn"])
def way(request: pytest.FixtureRequest, both: dict[str, Way]) -> Way:
    """One way."""
    return both[request.param]


FACTS = """
import gc, json, locale, multiprocessing, os, resource, signal, site, sys, threading, time, warnings
main = sys.modules["__main__"]
descriptors = []
for number in os.listdir("/proc/self/fd"):
    try:
        descriptors.append(os.readlink("/proc/self/fd/" + number))
    except OSError:
        continue
shown = {entry.partition(b"=")[0].decode(): entry.partition(b"=")[2].decode() for entry in open("/proc/self/environ", "rb").read().split(b"\\0") if entry}
print(json.dumps({
    "cwd": os.getcwd(), "argv": sys.argv, "orig_argv": sys.orig_argv, "executable": sys.executable, "path": sys.path,
    "flags": str(sys.flags), "xoptions": {k: str(v) for k, v in sys._xoptions.items()}, "prefix": [sys.prefix, site.ENABLE_USER_SITE],
    "main": [main.__name__, main.__spec__ is None, hasattr(main, "__file__"), main.__dict__ is globals(), sorted(n for n in vars(main) if not n.startswith("_"))],
    "environment": {name: value for name, value in os.environ.items() if name not in ("NBFLOW_TASK", "NBFLOW_FAMILY", "JPY_PARENT_PID")},
    "names": sorted(os.environ), "parent": os.environ["JPY_PARENT_PID"], "family": os.environ["NBFLOW_FAMILY"] == shown["NBFLOW_FAMILY"],
    "umask": [os.umask(0o22), os.umask(0o22)][0], "limits": [resource.getrlimit(n) for n in range(16)],
    "handlers": {number: str(signal.getsignal(number)).split(" at ")[0] for number in range(1, 65) if number not in (32, 33)},
    "blocked": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])), "nice": os.nice(0), "affinity": sorted(os.sched_getaffinity(0)),
    "zone": [time.tzname, time.timezone], "locale": [locale.setlocale(locale.LC_ALL), sys.getfilesystemencoding(), sys.__stdout__.encoding],
    "leader": [os.getpgid(0) == os.getpid(), os.getsid(0) == os.getpid()], "input": os.read(0, 1).decode(),
    "threads": threading.active_count(), "main thread": threading.current_thread() is threading.main_thread(),
    "native": threading.main_thread().native_id == os.getpid(), "gc": [gc.isenabled(), gc.get_threshold()],
    "start": multiprocessing.get_start_method(), "hooks": [str(sys.excepthook).split(" of ")[0], sys.gettrace(), sys.getprofile()],
    "descriptors": sorted(os.path.basename(target) for target in descriptors if target[0] == "/"),
    "seed": hash("a"), "modules": sorted(sys.modules),
}))
"""


def test_a_forked_kernel_is_what_a_start_of_its_own_gives(both: dict[str, Way], tmp_path: Path) -> None:
    """In all that a program can ask of its process; it has more modules loaded, and shares the seed of hashes with the run's others."""
    forked, spawned = (json.loads(both[name].text(tmp_path, FACTS)) for name in ("fork", "spawn"))
    for one in (forked, spawned):
        for words in (one["argv"], one["orig_argv"]):
            words[words.index("-f") + 1] = "the file of the connection"
        del one["seed"]
    assert set(spawned.pop("modules")) <= set(forked.pop("modules")) | {"runpy"}
    assert forked == spawned
    assert forked["cwd"] == str(tmp_path) and forked["parent"] == str(os.getpid()) and forked["family"] is True


def test_what_children_print_is_the_cell_s(way: Way, tmp_path: Path) -> None:
    """By the descriptors, by a shell, by programs; and by the magics of cells."""
    _, cells = way.run(
        tmp_path, "import os; os.write(1, b'by descriptor\\n'); os.system('echo by shell')",
        "import subprocess; subprocess.run(['echo', 'by program'])", "!echo by mark", "%%bash\necho by cell\nread -r x || echo no input",
    )  # fmt: skip
    assert sorted(printed(cells[0]).split("\n")) == ["", "by descriptor", "by shell"]
    assert [printed(cell) for cell in cells[1:]] == ["by program\n", "by mark\n", "by cell\nno input\n"]


@pytest.mark.parametrize(
    ("source", "kind", "words"),
    [
        ("import os; os._exit(7)", ErrorKind.KERNEL_DIED, "exit code 7"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", ErrorKind.KERNEL_DIED, "SIGKILL"),
        ("import ctypes; ctypes.string_at(0)", ErrorKind.KERNEL_DIED, "SIGSEGV"),
        ("import sys; sys.exit(3)", ErrorKind.EXIT, "sys.exit(3)"),
        ("input('name? ')", ErrorKind.CELL_ERROR, "input"),
        ("import time; time.sleep(60)", ErrorKind.CELL_TIMEOUT, "limit of 0.5 s"),
    ],
)
def test_its_end_is_told_as_what_it_is(way: Way, tmp_path: Path, source: str, kind: ErrorKind, words: str) -> None:
    """By its signal or its code, and later kernels start as before."""
    ending, _ = way.run(tmp_path, source, limits=Limits(cell_seconds=0.5 if "sleep" in source else 0, grace_seconds=1))
    assert ending.error is not None
    assert (ending.error.kind, words in ending.error.message) == (kind, True)


LEFT = """
import os, signal, subprocess, time
subprocess.Popen(["sleep", "600"], start_new_session=True)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        open("daemon", "w").write(str(os.getpid()))
        while True: time.sleep(1)
    os._exit(0)
while not os.path.exists("daemon"): time.sleep(0.01)
os.wait()
"""


def test_nothing_that_it_left_stays(way: Way, tmp_path: Path) -> None:
    """Neither a program in a session of its own nor a child that was forked from it twice, whose parent is gone."""
    way.run(tmp_path, LEFT)
    left = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and f"NBFLOW_FAMILY={way.token}".encode() in (entry / "environ").read_bytes().split(b"\0"):
                left.append((entry / "cmdline").read_text())
        except OSError:
            continue
    assert left == []
    deadline = time.monotonic() + 20
    while is_alive((tmp_path / "daemon").read_text()):  # it was killed, and may still be on its way
        assert time.monotonic() < deadline
        time.sleep(0.01)


def is_alive(number: str) -> bool:
    """Whether there is such a process, and not only its number."""
    try:
        return (Path("/proc") / number / "stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def test_an_interrupt_is_one_of_the_cell(way: Way, tmp_path: Path) -> None:
    """What the cell does about it is done and seen, in Python, in a child, and in a call that waits."""
    ending, cells = way.run(
        tmp_path, "import subprocess, time\ntry:\n    print('ready')\n    subprocess.run(['sleep', '60'])\nfinally:\n    print('cleaned up')",
        stop_at="ready",
    )  # fmt: skip
    assert ending.result is Result.CANCELED
    assert "cleaned up" in printed(cells[0])


def test_it_ends_in_good_order(way: Way, tmp_path: Path) -> None:
    """What was registered for its end is done."""
    code = "import atexit, pathlib; atexit.register(lambda: pathlib.Path('end').write_text('seen'))"
    for _ in range(5):  # ipykernel may hang in its end, and is killed then
        way.run(tmp_path, code)
        if (tmp_path / "end").exists():
            break
    assert (tmp_path / "end").read_text() == "seen"


def test_two_kernels_draw_different_lots(way: Way, tmp_path: Path) -> None:
    """Of every generator that a kernel has."""
    code = (
        "import json, multiprocessing, random, secrets, tempfile, uuid, numpy; print(json.dumps([random.random(), numpy.random.rand(), "
        "numpy.random.default_rng().random(), secrets.token_hex(), uuid.uuid4().hex, next(tempfile._get_candidate_names()), "
        "multiprocessing.current_process().authkey.hex()]))"
    )
    one, other = (json.loads(way.text(tmp_path, code)) for _ in range(2))
    assert len(one) == 7
    assert not set(map(str, one)) & set(map(str, other))


WORKER = """
def double(number):
    return 2 * number
"""


def test_its_children_work_for_it(way: Way, tmp_path: Path) -> None:
    """Processes by either method, threads, tasks of its loop, and libraries that compute in threads."""
    (tmp_path / "worker.py").write_text(WORKER)
    text = way.text(
        tmp_path, "import asyncio, multiprocessing, numpy, pandas\nfrom concurrent.futures import ThreadPoolExecutor\nfrom worker import double",
        "await asyncio.sleep(0)\n"
        "print([multiprocessing.get_context(how).Pool(2).map(double, [1, 2]) for how in ('fork', 'spawn', 'forkserver')],\n"
        "      list(ThreadPoolExecutor(2).map(double, [3])), float((numpy.ones((600, 600)) @ numpy.ones((600, 600)))[0, 0]),\n"
        "      pandas.DataFrame({'a': [1, 1, 2], 'b': [1, 2, 3]}).groupby('a')['b'].sum().tolist())",
    )  # fmt: skip
    assert text == "[[2, 4], [2, 4], [2, 4]] [6] 600.0 [3, 3]\n"


def test_pictures_and_widgets(way: Way, tmp_path: Path) -> None:
    """A figure is shown at the end of its cell without a word about it, with the magic too, and a widget keeps its state."""
    (tmp_path / "data.parquet").unlink(missing_ok=True)
    ending, cells = way.run(
        tmp_path, "import matplotlib.pyplot as plt\nplt.plot([1, 2]);", "%matplotlib inline\nplt.plot([2, 1]);",
        "import matplotlib; print(matplotlib.get_backend().split('.')[-1])",
        "import ipywidgets; s = ipywidgets.IntSlider(value=7); display(s)",
        "import pandas as pd; pd.DataFrame({'a': [1]}).to_parquet('data.parquet'); pd.read_parquet('data.parquet')",
    )  # fmt: skip
    assert ending.result is Result.SUCCESS, ending.error
    for cell in cells[:2]:
        assert any("image/png" in output.get("data", {}) for output in cell["outputs"])
    assert printed(cells[2]) in ("inline\n", "backend_inline\n")
    assert any("application/vnd.jupyter.widget-view+json" in output.get("data", {}) for output in cells[3]["outputs"])
    assert "text/html" in cells[4]["outputs"][0]["data"]


def test_other_files_run_in_it(way: Way, tmp_path: Path) -> None:
    """By ``%run``, as a module beside the notebook, which may bear a package's name further down, and by its own interpreter."""
    (tmp_path / "other.py").write_text("import os\nx = os.path.basename(os.getcwd()), __name__\n")
    text = way.text(tmp_path, "%run other.py", "import other, subprocess, sys\n%pip --version", "print(x, other.x, sys.executable)")
    assert text == f"({tmp_path.name!r}, '__main__') ({tmp_path.name!r}, 'other') {os.path.abspath(sys.executable)}\n"


def test_an_error_shows_where_it_was(way: Way, tmp_path: Path) -> None:
    """Its traceback has the cells and files that it went through, and no line of what started the kernel."""
    (tmp_path / "broken.py").write_text("def fail():\n    raise ValueError('no data')\n")
    _, cells = way.run(tmp_path, "import broken\ndef call():\n    broken.fail()\ncall()")
    text = "\n".join(cells[0]["outputs"][0]["traceback"])
    assert "broken.py" in text and "no data" in text and "nbflow_kernels" not in text


def test_a_debugger_can_attach(way: Way, tmp_path: Path) -> None:
    """ipykernel's own, by its channel of control."""
    found: list[dict[str, Any]] = []

    async def ask(kernel: Kernel) -> None:
        client = kernel.client
        arguments = {"clientID": "t", "adapterID": "a", "pathFormat": "path", "linesStartAt1": True, "columnsStartAt1": True}
        content = {"type": "request", "seq": 1, "command": "initialize", "arguments": arguments}
        client.control_channel.send(client.session.msg("debug_request", content))
        found.append((await client.control_channel.get_msg(timeout=30))["content"])

    way.run(tmp_path, "1", then=ask)
    assert found[0]["success"] is True and found[0]["command"] == "initialize"


def test_the_seed_of_hashes_is_the_one_that_was_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where somebody has set one."""
    monkeypatch.setenv("PYTHONHASHSEED", "5")
    token = uuid.uuid4().hex
    forks = Forks(token, tmp_path, None)
    try:
        seeds = {Way(name, how, token).text(tmp_path, "print(hash('a'))") for name, how in (("fork", forks), ("spawn", None))}
    finally:
        forks.end()
    assert len(seeds) == 1


def test_the_zone_and_the_mask_are_those_of_who_starts_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As is all that a process hands on."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    before, token = os.umask(0o27), uuid.uuid4().hex
    forks = Forks(token, tmp_path, None)
    try:
        code = "import os, time; print(time.tzname[0], oct(os.umask(0)))"
        told = [Way(name, how, token).text(tmp_path, code) for name, how in (("fork", forks), ("spawn", None))]
    finally:
        forks.end()
        os.umask(before)
        monkeypatch.undo()
        time.tzset()
    assert told == ["JST 0o27\n"] * 2


def test_it_takes_no_signal_of_who_starts_it(way: Way, tmp_path: Path) -> None:
    """An interrupt at the terminal reaches nbflow alone; it is not of nbflow's group."""
    text = way.text(tmp_path, "import os; print(os.getpgid(0))")
    assert int(text) != os.getpgid(0)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
