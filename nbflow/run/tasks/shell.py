"""A command of the shell."""

from __future__ import annotations

from collections.abc import Sequence

from nbflow.core import exchange
from nbflow.plan.plan import Argument
from nbflow.plan.references import as_text, find_references, resolve
from nbflow.run.child import Program
from nbflow.run.runner import Attempt
from nbflow.run.surroundings import Surroundings
from nbflow.run.tasks.quoting import Quoting


def shell_program(around: Surroundings, attempt: Attempt, arguments: Sequence[Argument]) -> Program:
    """``sh`` with the task's command, in the folder of the pipeline's file; the task's exchange folder is in its environment.

    Values come by variables, so that nothing in them is ever taken for a part of the command. Raises ``ValueError`` where the
    shell would look for none.
    """
    work = attempt.task.work
    known = around.known(attempt)
    values = [as_text(resolve(reference.text, known)[0]) for reference in find_references(work.origin)]
    environment = {_variable(number): value for number, value in enumerate(values)}
    command = with_variables(work.origin, [(reference.start, reference.end) for reference in find_references(work.origin)])
    return Program(("sh", "-c", command), work.folder, {**environment, exchange.VARIABLE: str(around.private_folder(attempt))})


def with_variables(command: str, places: Sequence[tuple[int, int]]) -> str:
    """``command`` with variables in these places, each of which stays one word, and one within quotes, whichever they are.

    Raises ``ValueError`` for a place in a here-document whose word is quoted: there the shell replaces nothing.
    """
    pieces, end, quoting = [], 0, Quoting()
    for number, (start, after) in enumerate(places):
        quoting.read(command[end:start])
        pieces += [command[end:start], quoting.around(f"${{{_variable(number)}}}")]
        end = after
    return "".join([*pieces, command[end:]])


def _variable(number: int) -> str:
    return f"NBFLOW_VALUE_{number + 1}"
