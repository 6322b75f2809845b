"""What a notebook asks the driver of its classes."""

from __future__ import annotations

import py4j.protocol as proto

from nbflow.surface.inside.driver.reflection import asked_once

CLASS = f"{proto.REFLECTION_COMMAND_NAME}{proto.REFL_GET_UNKNOWN_SUB_COMMAND_NAME}functions\nrj\ne\n"
METHOD = f"{proto.REFLECTION_COMMAND_NAME}{proto.REFL_GET_MEMBER_SUB_COMMAND_NAME}a.b.functions\nlit\ne\n"
FIELD = METHOD.replace("lit", "COUNT")
CALL = f"{proto.CALL_COMMAND_NAME}z:a.b.functions\nlit\ne\n"
IMPORT = f"{proto.JVMVIEW_COMMAND_NAME}{proto.JVM_IMPORT_SUB_COMMAND_NAME}rj\nsx.y.functions\ne\n"


class Java:
    """Answers as py4j's server does, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answers = {CLASS: "yca.b.functions", METHOD: "ym", FIELD: "yi7", CALL: "yro9", IMPORT: "yv"}

    def send_command(self, command: str, retry: bool = True, binary: bool = False) -> str:
        self.asked.append(command)
        return self.answers[command]


def test_a_class_and_its_method_are_asked_for_once() -> None:
    """The answers are the driver's own; calls, and fields, whose values may change, go there each time."""
    java = Java()
    send = asked_once(java.send_command)
    assert [send(command) for _ in range(3) for command in (CLASS, METHOD, CALL, FIELD)] == ["yca.b.functions", "ym", "yro9", "yi7"] * 3
    assert java.asked == [CLASS, METHOD, CALL, FIELD, CALL, FIELD, CALL, FIELD]


def test_what_was_not_there_is_asked_for_again() -> None:
    """A package, or a mistake, may be a class when a jar was added."""
    java = Java()
    send = asked_once(java.send_command)
    for answer in (proto.SUCCESS_PACKAGE, "xsno such thing", "yca.b.functions"):
        java.answers[CLASS] = answer
        assert send(CLASS) == answer


def test_an_import_changes_names() -> None:
    """After ``java_import`` a short name may be another class."""
    java = Java()
    send = asked_once(java.send_command)
    send(CLASS)
    send(IMPORT)
    java.answers[CLASS] = "ycx.y.functions"
    assert send(CLASS, True, binary=False) == "ycx.y.functions"


def test_an_import_of_another_thread_comes_between() -> None:
    """What a name was before an import, told after it, is not kept."""
    java = Java()
    told = java.send_command

    def slow(command: str, *_: object, **__: object) -> str:
        answer = told(command)
        if command == CLASS and answer == "yca.b.functions":
            send(IMPORT)
            java.answers[CLASS] = "ycx.y.functions"
        return answer

    send = asked_once(slow)
    assert [send(CLASS), send(CLASS)] == ["yca.b.functions", "ycx.y.functions"]
