"""A real JupyterLab, as ``nbflow lab`` starts it, and pages of a real browser."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync",
)  # fmt: skip
TOKEN = "tests"
SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True},
    "docmanager-extension/plugin": {"autosave": False},
}
"""Nothing is asked of the outside, and nothing is saved that a test does not save."""
_IDLE = "() => window.jupyterapp?.shell.currentWidget?.context?.sessionContext?.session?.kernel?.status === 'idle'"


class Lab:
    """JupyterLab in a copy of the repository's notebooks and pipelines. ``started`` is what the command told at once."""

    def __init__(self, folder: Path, *arguments: str, **variables: str) -> None:
        self.root = folder / "project"
        for name in ("notebooks", "pipelines"):
            shutil.copytree(ROOT / name, self.root / name, ignore=shutil.ignore_patterns(".ipynb_checkpoints", "__pycache__"))
        own = {name: str(folder / name.lower()) for name in ("JUPYTER_CONFIG_DIR", "JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR",
                                                             "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")}  # fmt: skip
        for name, content in SETTINGS.items():
            settings = Path(own["JUPYTERLAB_SETTINGS_DIR"]) / "@jupyterlab" / f"{name}.jupyterlab-settings"
            settings.parent.mkdir(parents=True)
            settings.write_text(json.dumps(content))
        with socket.socket() as place:
            place.bind(("127.0.0.1", 0))
            self.port = place.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        environment = {name: value for name, value in os.environ.items() if not name.startswith("NBFLOW_")}
        command = [
            sys.executable, "-m", "nbflow", "lab", *arguments, "--no-browser", "--allow-root", f"--ServerApp.port={self.port}",
            "--ServerApp.port_retries=0", f"--IdentityProvider.token={TOKEN}", "--LabApp.expose_app_in_browser=True",
        ]  # fmt: skip
        self.log = folder / "lab.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command, cwd=self.root / "notebooks", env={**environment, **own, **variables}, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        self._wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + 90
        while True:
            try:
                urllib.request.urlopen(f"{self.url}/api/status?token={TOKEN}", timeout=5).close()
            except OSError:
                assert self.process.poll() is None, self.log.read_text("utf-8")[-4000:]
                assert time.monotonic() < deadline, self.log.read_text("utf-8")[-4000:]
                time.sleep(0.1)
            else:
                return

    def close(self) -> int:
        """End it as a process manager does; its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            return self.process.wait()


class Notebook:
    """A notebook that is open in the Lab, driven by its page."""

    def __init__(self, page: Any, lab: Lab, path: str, under: str = "/lab/tree/") -> None:
        """``under`` is where the front end has its notebooks: JupyterLab's, else ``/notebooks/`` of Notebook 7."""
        self.page = page
        page.goto(f"{lab.url}{under}{path}?reset&token={TOKEN}")
        page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
        self.wait()

    def command(self, name: str, **arguments: Any) -> Any:
        """Do one of JupyterLab's commands."""
        return self.page.evaluate(f"arguments => window.jupyterapp.commands.execute({name!r}, arguments)", arguments)

    def wait(self, seconds: float = 60) -> None:
        """Wait until the kernel has nothing to do."""
        self.page.wait_for_function(_IDLE, timeout=seconds * 1000)

    def cell(self, at: int) -> Any:
        """The cell at that place, from 0."""
        return self.page.locator(".jp-Notebook .jp-Cell").nth(at)

    def run(self, at: int) -> Any:
        """Run one cell and wait for its end; the cell."""
        self.page.evaluate("at => { window.jupyterapp.shell.currentWidget.content.activeCellIndex = at }", at)
        self.command("notebook:run-cell")
        self.wait()
        return self.cell(at)

    def ask(self, code: str) -> str:
        """What an expression gives in the notebook's kernel, as its text."""
        return str(self.page.evaluate(_ASK, code))


_ASK = """code => new Promise(done => {
  const kernel = window.jupyterapp.shell.currentWidget.context.sessionContext.session.kernel;
  const asked = kernel.requestExecute({code: '', silent: true, user_expressions: {it: code}});
  asked.done.then(reply => { const it = reply.content.user_expressions.it;
    done(it.status === 'ok' ? it.data['text/plain'] : it.ename + ': ' + it.evalue) });
})"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Debian's Chromium, driven by Playwright: for a file of tests only, since no other loop can run in its thread meanwhile."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        pytest.skip("there is no Chromium: 'apt-get install chromium' brings one")
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=30_000)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        yield started
        started.close()


@pytest.fixture(scope="module")
def labs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Lab]]:
    """The Labs of a file of tests; all end with it."""
    started: list[Lab] = []
    yield started
    for each in started:
        each.close()


@pytest.fixture
def lab(labs: list[Lab], tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """One JupyterLab for a file of tests, on a machine without a Java of its own; another one where a test has ended that."""
    if not labs or labs[-1].process.poll() is not None:
        hidden = [part for part in os.environ["PATH"].split(os.pathsep) if not os.path.exists(os.path.join(part, "java"))]
        labs.append(Lab(tmp_path_factory.mktemp("lab"), PATH=os.pathsep.join(hidden), JAVA_HOME=""))
    return labs[-1]


@pytest.fixture
def open_notebook(browser: Any, lab: Lab) -> Iterator[Callable[[str], Notebook]]:
    """Opens a notebook of the Lab in a page of its own; its kernel ends with the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 1000})
    context.set_default_timeout(30_000)
    opened: list[Notebook] = []

    def open_one(path: str) -> Notebook:
        opened.append(Notebook(context.new_page(), lab, path))
        return opened[-1]

    yield open_one
    for notebook in opened:
        notebook.command("kernelmenu:shutdown")
    context.close()


def _processes(folder: Path) -> list[int]:
    """The processes that know of the folder, by their arguments or their environment."""
    found = []
    for place in Path("/proc").iterdir():
        try:
            if place.name.isdigit() and int(place.name) != os.getpid() and os.fsencode(folder) in _known(place):
                found.append(int(place.name))
        except OSError:
            continue
    return found


def _known(place: Path) -> bytes:
    return (place / "cmdline").read_bytes() + (place / "environ").read_bytes()


@pytest.fixture
def processes_of() -> Callable[[Path], list[int]]:
    """Finds the processes that were started in a folder."""
    return _processes
