"""What may stand behind ``%nbflow``: its commands, how each is used, and their options."""

from __future__ import annotations

from dataclasses import dataclass

from nbflow.core.call_options import CALL_OPTIONS, JOB, LOGICAL_DATE, TARGET, VARIABLES

_CALL = ("-p", "--parameters-file", *(option.flag for option in CALL_OPTIONS))
OPEN_OPTIONS = (JOB, TARGET, VARIABLES, LOGICAL_DATE)
"""Those of ``nbflow run`` that ``open`` has."""


@dataclass(frozen=True, slots=True)
class Command:
    """One command: its ``usage`` in a line, its ``options``, besides ``settings`` where each of the workspace's is one, and ``help`` where it
    is none of ``nbflow``'s own, whose help then is this one's."""

    usage: str
    options: tuple[str, ...] = ()
    help: str = ""
    settings: bool = False


COMMANDS = {
    "run": Command(
        "%nbflow run PIPELINE [-p name=value ...] [--only SELECTOR] [--target NAME] [--engine NAME] ...; --help tells all",
        (*_CALL, "--timeout", "--report", "--workspace", "--help"),
        settings=True,
    ),
    "open": Command(
        "%nbflow open [PIPELINE/]TASK [-p name=value ...] [--item N] [--job KEY] [--target NAME] [--var name=value] [--logical-date DAY]",
        ("-p", *(option.flag for option in OPEN_OPTIONS), "--item", "--help"),
        "Develop this notebook as the task of a pipeline: its form and its variables get what a run would give the task, and task values\n"
        "are those of earlier runs. A task inside of a for_each gets its first item, or --item N, counted from 0. The file is not touched.\n"
        "PIPELINE is a name in pipelines/, a file, or a bundle's (databricks.yml/TASK).",
    ),
    "close": Command("%nbflow close", ("--help",), "The notebook's own defaults hold again, and what is chosen in its form."),
    "params": Command("%nbflow params [NOTEBOOK]", ("--json", "--job", "--target", "--var", "--help")),
    "plan": Command(
        "%nbflow plan PIPELINE [-p name=value ...] [--only SELECTOR] [--format text|mermaid|json] ...; --help tells all",
        (*_CALL, "--format", "--strict", "--allow-missing", "--compat", "--engine", "--kernel", "--workspace", "--help"),
    ),
    "runs": Command(
        "%nbflow runs [--pipeline NAME] [-n N], or %nbflow runs show RUN [TASK]", ("--pipeline", "-n", "--json", "--workspace", "--help")
    ),
}
"""The commands by name."""


def options_of(command: str) -> list[str]:
    """The options of ``command``; none of what is no command."""
    from nbflow.define.setting_words import setting_flag
    from nbflow.define.settings import NAMES

    found = COMMANDS.get(command, Command(""))
    return [*found.options, *(map(setting_flag, NAMES) if found.settings else ())]


def use_of(command: str) -> str:
    """How ``command`` is used, as the end of a sentence; of one that is none, how ``run`` is."""
    return f"use: {COMMANDS.get(command, COMMANDS['run']).usage}"
