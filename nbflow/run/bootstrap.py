"""The kernel's side of a run, put in place before the first cell of a Python notebook."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import nbflow.core
from nbflow.core.errors import KernelError
from nbflow.core.results import ErrorKind
from nbflow.define.notebooks.names import is_python
from nbflow.define.notebooks.notebook import Notebook
from nbflow.run.kernels.kernel import Kernel

_PACKAGE = Path(nbflow.core.__file__).parent.parent
_COPIED = ("__init__.py", "core", "warehouse", "surface/__init__.py", "surface/inside")

_CODE = """
try:
    from nbflow.surface.inside.bootstrap import begin as _nbflow_begin
except ImportError:
    import sys as _nbflow_sys
    for _nbflow_begin in [name for name in _nbflow_sys.modules if name.partition(".")[0] == "nbflow"]:
        del _nbflow_sys.modules[_nbflow_begin]
    _nbflow_sys.path.insert(0, {copy!r})
    del _nbflow_sys
    from nbflow.surface.inside.bootstrap import begin as _nbflow_begin
_nbflow_begin()
del _nbflow_begin
"""

_SPARK_NAME = "spark = __import__('nbflow.surface.inside.spark', fromlist=['session']).session()\n"


async def prepare_kernel(kernel: Kernel, notebook: Notebook, private: Path) -> None:
    """Run nbflow's first lines in a Python ``kernel``; kernels of other languages have none.

    An environment without nbflow gets a copy of the few files it needs in ``private``, at the head of its path: another package may bear the name. Raises
    ``KernelError`` where the notebook cannot do without them and they do not work there.
    """
    if not is_python(str(kernel.language.get("name", notebook.language or ""))):
        return
    copy = private / "path"
    if kernel.spec.name != "python3" or kernel.spec.python is not None:
        await asyncio.get_running_loop().run_in_executor(None, copy_package, copy / "nbflow")
    code = _CODE.format(copy=str(copy)) + (_SPARK_NAME if notebook.wants_spark_name else "")
    problem = await _silently(kernel, code)
    needed = notebook.uses_spark or any(parameter.widget for parameter in notebook.parameters)
    if problem and needed:
        raise KernelError(ErrorKind.KERNEL_START, f"nbflow's part in kernel {kernel.spec.name!r} failed: {problem}")


def copy_package(target: Path) -> None:
    """Make ``target`` a copy of what a task's process needs of nbflow, for one whose environment has none. Raises ``OSError``."""
    for name in _COPIED:
        source = _PACKAGE / name
        if source.is_dir():
            shutil.copytree(source, target / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target / name)


async def _silently(kernel: Kernel, code: str) -> str | None:
    """Execute ``code`` so that it leaves no trace in the notebook; the error's text if there was one."""
    client = kernel.client
    request = client.execute(code, silent=True, store_history=False, allow_stdin=False)
    gone = asyncio.ensure_future(kernel.gone())
    reply = asyncio.ensure_future(_reply(kernel, request))
    try:
        await asyncio.wait({gone, reply}, return_when=asyncio.FIRST_COMPLETED)
        if not reply.done():
            raise KernelError(ErrorKind.KERNEL_DIED, f"the kernel died before its first cell ({gone.result()})", kernel.last_words())
        return reply.result()
    finally:
        for task in (gone, reply):
            task.cancel()
        await asyncio.gather(gone, reply, return_exceptions=True)


async def _reply(kernel: Kernel, request: str) -> str | None:
    """The error of the reply to ``request``, once the kernel is idle again."""
    taken_up = idle = False
    while not idle:
        message = await kernel.broadcast(taken_up=taken_up)
        if message["parent_header"].get("msg_id") == request:
            taken_up, idle = True, message["content"].get("execution_state") == "idle"
    while True:
        message = await kernel.client.shell_channel.get_msg(timeout=None)
        if message["parent_header"].get("msg_id") == request:
            content = message["content"]
            return None if content["status"] == "ok" else f"{content.get('ename')}: {content.get('evalue')}"
