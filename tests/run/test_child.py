"""Programs as processes: one that was forked is what one that was started is."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from nbflow.run import child as children
from nbflow.run.child import Child, Program
from nbflow.run.kernels.forks import Forks

Ran = tuple[int, str, bool, Any]
Run = Callable[..., Ran]

TELL = """
import json, os, sys, threading
import beside
print(json.dumps({
    "argv": sys.argv[1:], "folder": os.getcwd(), "name": __name__, "own": os.environ["OWN"], "beside": beside.NAME, "group": os.getpgid(0) == os.getpid(),
    "session": os.getsid(0) == os.getpid(), "input": sys.stdin.read(), "gone": os.environ.get("PYTEST_CURRENT_TEST"),
    "mark": f"NBFLOW_FAMILY={sys.argv[2]}" in open("/proc/self/environ").read().split(chr(0)), "loaded": "ipykernel" in sys.modules,
}))
"""


@pytest.fixture(params=["started", "forked"])
def run(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Runs code to its end, by a start of the interpreter or by a fork; what it ended with, what it printed, and whether it was there to be
    interrupted, which ``when`` decides by what was printed."""
    monkeypatch.setenv("OWN", "x")  # by any other variable than those of attempts a fork might be another process
    forks = Forks(uuid.uuid4().hex, tmp_path, None)
    if request.param == "forked":
        forks.begin(())

    def ran(code: str, when: Callable[[bytes], bool] = lambda printed: False, *arguments: str) -> Ran:
        (tmp_path / "code").mkdir(exist_ok=True)
        (tmp_path / "code/beside.py").write_text("NAME = 'beside'")
        path = tmp_path / "code/program.py"
        path.write_text(code)
        printed = bytearray()

        async def work() -> Ran:
            token = uuid.uuid4().hex
            program = Program((sys.executable, "-u", str(path), *arguments, token), tmp_path, {"OWN": "x"}, forks=True)
            child = await Child.begun(program, token, printed.extend, forks if request.param == "forked" else None)
            there = False
            gone = asyncio.ensure_future(child.gone())
            while not gone.done():
                await asyncio.wait({gone}, timeout=0.05)
                if when(bytes(printed)) and not there:
                    there = child.interrupt()
            assert not child.interrupt()
            await child.end()
            assert isinstance(child._process, children._Forked) is (request.param == "forked")
            return gone.result(), printed.decode(), there, child._process.pid

        return asyncio.run(asyncio.wait_for(work(), 60))

    yield ran
    forks.end()


def test_it_is_what_a_start_of_its_own_gives(run: Run, tmp_path: Path) -> None:
    """Arguments, folder, variables, the mark that the system shows, a session of its own, no input, its own folder's modules."""
    status, printed, _, pid = run(TELL, lambda printed: False, "one")
    told = json.loads(printed)
    assert status == 0 and told.pop("loaded") in (True, False)
    assert told == {
        "argv": ["one", told["argv"][1]], "folder": str(tmp_path), "name": "__main__", "own": "x", "beside": "beside", "group": True, "session": True,
        "input": "", "gone": told["gone"], "mark": True,
    }  # fmt: skip
    until = time.monotonic() + 10
    while Path(f"/proc/{pid}").exists():  # whoever forked it buries it
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("code", "status", "words"),
    [
        ("import sys; print('a'); sys.exit(3)", 3, "a\n"),
        ("import sys; sys.exit('why')", 1, "why\n"),
        ("1 / 0", 1, "ZeroDivisionError: division by zero\n"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL, ""),
        ("import os; os._exit(7)", 7, ""),
        ("import sys; print('x', end=''); print('y', file=sys.stderr, end='')", 0, "xy"),
    ],
)
def test_its_end_is_told(run: Run, code: str, status: int, words: str) -> None:
    """The exit code or the signal, and both streams in their order."""
    ended, printed, _, _ = run(code)
    assert ended == status and printed.endswith(words)


def test_it_is_interrupted(run: Run) -> None:
    """What it printed before came at once; it may put things in order."""
    code = "import time\nprint('ready')\ntry:\n    time.sleep(60)\nexcept KeyboardInterrupt:\n    print('order')\n    raise SystemExit(130)"
    status, printed, there, _ = run(code, lambda printed: b"ready" in printed)
    assert (status, printed, there) == (130, "ready\norder\n", True)


@pytest.mark.parametrize(
    ("text", "told"),
    [("a\0b", r"'a\\x00b' has a NUL character"), ("x" * 100 + "\ud800", r"'x{20}\\ud800' has half of a surrogate pair")],
)
def test_what_no_program_can_be_given_is_told(run: Run, text: str, told: str) -> None:
    """With the text and what to do, however it starts; as a variable, which a shell's values are, too."""
    with pytest.raises(ValueError, match=told):
        run("", lambda printed: False, text)
    program = Program((sys.executable, "-c", ""), Path("/"), {"OWN": text})
    with pytest.raises(ValueError, match=told):
        asyncio.run(Child.begun(program, uuid.uuid4().hex, bytearray().extend))
