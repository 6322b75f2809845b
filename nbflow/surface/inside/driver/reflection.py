"""What the driver's Java says of its classes, asked once.

Before each call of a static method, as every function of ``pyspark.sql.functions`` is one, PySpark asks for the class and for its method:
two of the three times that it goes to the driver and back.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any


def asked_once(send_command: Callable[..., Any]) -> Callable[..., Any]:
    """``send_command`` of a py4j client, which keeps the answers that cannot change: that a name is a class, and that a class has a static
    method. A name may be another class after an import into the client's view."""
    from py4j.protocol import JVMVIEW_COMMAND_NAME, METHOD_TYPE, REFLECTION_COMMAND_NAME, SUCCESS, SUCCESS_CLASS

    known: list[dict[str, str]] = [{}]
    lasting = (SUCCESS_CLASS, SUCCESS + METHOD_TYPE)

    @functools.wraps(send_command)
    def send(command: str, *args: Any, **kwargs: Any) -> Any:
        if not command.startswith(REFLECTION_COMMAND_NAME):
            try:
                return send_command(command, *args, **kwargs)
            finally:
                if command.startswith(JVMVIEW_COMMAND_NAME):
                    known[:] = [{}]  # what another thread has asked meanwhile goes into the old one
        answers = known[0]
        answer = answers.get(command)
        if answer is None:
            answer = send_command(command, *args, **kwargs)
            if isinstance(answer, str) and answer.startswith(lasting):
                answers[command] = answer
        return answer

    return send
