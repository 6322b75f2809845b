"""Interrupts that arrive while Python runs a finalizer: Python prints such an error and goes on, and nothing is interrupted."""

from __future__ import annotations

import _thread
import functools
import signal
import sys
import threading
import time
from typing import Any

_SOON = 0.005


def keep_interrupts() -> None:
    """Have an interrupt that falls into a finalizer come again right after it.

    py4j has a finalizer for each Java object, so that many an interrupt of a notebook that uses Spark falls into one.
    """
    original = sys.unraisablehook
    if getattr(original, "_keeps_interrupts", False):
        return

    @functools.wraps(original)
    def hook(unraisable: Any, /) -> None:
        if unraisable.exc_type is not None and issubclass(unraisable.exc_type, KeyboardInterrupt):
            _thread.start_new_thread(_interrupt_soon, ())  # a plain thread: a finalizer may run anywhere, also in threading's locks
        else:
            original(unraisable)

    hook._keeps_interrupts = True  # type: ignore[attr-defined]  # a mark of our own on it
    sys.unraisablehook = hook


def _interrupt_soon() -> None:
    """Interrupt the main thread when the hook has ended: in the hook it would be the hook's own error.

    As a signal, since nothing else ends a wait in the system.
    """
    time.sleep(_SOON)
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
