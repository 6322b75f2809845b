"""A Sail server for one notebook, which ends when its owner does. Run as a script, by the interpreter that shall run the UDFs.

Prints the port it listens on, then waits for the end of its standard input. Standard library and pysail only.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sys


def main() -> None:
    """Serve until standard input ends."""
    _end_with_the_input()
    try:
        from pysail.spark import SparkConnectServer
    except ImportError as error:
        sys.exit(f"pysail cannot be imported by {sys.executable}: {error}; 'pip install pysail' brings it")
    output = os.dup(1)
    os.dup2(2, 1)  # what UDFs print belongs to the log
    server = SparkConnectServer("127.0.0.1", 0)
    server.start(background=True)
    os.write(output, f"{server.listening_address[1]}\n".encode())
    os.close(output)
    while os.read(0, 4096):
        pass
    os._exit(0)  # at once: a UDF may hold whatever an orderly end would wait for


def _end_with_the_input() -> None:
    """Have the system itself end this process when the input closes: a UDF may keep Python's lock for ever."""
    with contextlib.suppress(OSError, AttributeError):
        fcntl.fcntl(0, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(0, fcntl.F_SETFL, fcntl.fcntl(0, fcntl.F_GETFL) | os.O_ASYNC)


if __name__ == "__main__":
    main()
