"""Speaks with a Spark Connect server: asks for its version, and ends sessions, with what they have running.

Run as a script. Standard input holds one JSON object: ``remote`` (the address, with its token and a session) and either
``ask`` (true: whether it is Spark that answers) or ``sessions`` (ids of those that shall end), to which a file ``more`` may
add, one a line. What was asked is printed: ``{"version": …}``, or what gRPC says: ``{"code": …, "details": …}``. Speaks the
protocol by hand, since importing PySpark takes ten times as long as this does.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

_SECONDS = 4.0
_SERVICE = "/spark.connect.SparkConnectService/"
_OWN = ("token", "use_ssl", "user_id", "user_agent", "session_id", "grpc_max_message_size", "x-databricks-session-id")
_INTERRUPT_ALL = b"\x20\x01"  # field 4, an enumeration: all
_SPARK_VERSION = b"\x52\x00"  # field 10, an empty message
_VERSION_FIELD = 8

_Call = Callable[..., bytes]
"""Calls a method: its name, the session, what else the request holds, and how many seconds it may take."""


def main() -> None:
    """Read what to do, and do it."""
    import grpc

    given = json.loads(sys.stdin.read())
    url = urlsplit("http" + given["remote"].removeprefix("sc"))
    pairs = (part.split("=", 1) for part in url.path.lstrip("/").split(";") if "=" in part)
    parameters = {name: unquote(value) for name, value in pairs}
    metadata = [(name, value) for name, value in parameters.items() if name not in _OWN]
    with _channel(grpc, f"{_host(url.hostname or '')}:{url.port or 15002}", url.hostname or "", parameters) as channel:

        def call(method: str, session: str, more: bytes, seconds: float = _SECONDS) -> bytes:
            request = _field(1, session) + _bytes(2, _field(1, parameters.get("user_id", ""))) + more
            answer: bytes = channel.unary_unary(_SERVICE + method)(request, timeout=seconds, metadata=metadata)
            return answer

        if given.get("ask"):
            print(json.dumps(_asked(call, grpc.RpcError, parameters["session_id"], given.get("seconds", _SECONDS))))
        for session in [*given.get("sessions", ()), *_listed(given.get("more"))]:
            _end(call, grpc.RpcError, session)


def _asked(call: _Call, failure: Any, session: str, seconds: float) -> dict[str, str]:
    """What the server says when it is asked for its version, in a session that ends again."""
    try:
        answer = call("AnalyzePlan", session, _SPARK_VERSION, seconds)
    except failure as error:
        return {"code": error.code().name, "details": str(error.details() or "")}
    _end(call, failure, session)
    told = b"".join(value for number, value in _fields(answer) if number == _VERSION_FIELD)
    return {"version": b"".join(value for _, value in _fields(told)).decode("utf-8", "replace")}


def _end(call: _Call, failure: Any, session: str) -> None:
    # in this order: Sail leaves a caller waiting whose session is released in the middle of a query
    for method, more in (("Interrupt", _INTERRUPT_ALL), ("ReleaseSession", b"")):
        with contextlib.suppress(failure):  # it may be over, or the server gone
            call(method, session, more)


def _listed(path: str | None) -> list[str]:
    with contextlib.suppress(OSError, TypeError), open(path, encoding="utf-8") as file:  # type: ignore[arg-type]  # None: there is none
        return file.read().split()
    return []


def _channel(grpc: Any, place: str, host: str, parameters: dict[str, str]) -> Any:
    """A channel as PySpark makes it of the same address."""
    token, encrypted = parameters.get("token"), parameters.get("use_ssl", "").lower() == "true"
    if token is None and not encrypted:
        return grpc.insecure_channel(place)
    credentials = grpc.ssl_channel_credentials() if encrypted or host != "localhost" else grpc.local_channel_credentials()
    if token is not None:
        credentials = grpc.composite_channel_credentials(credentials, grpc.access_token_call_credentials(token))
    return grpc.secure_channel(place, credentials)


def _host(name: str) -> str:
    return f"[{name}]" if ":" in name else name


def _field(number: int, text: str) -> bytes:
    return _bytes(number, text.encode())


def _bytes(number: int, data: bytes) -> bytes:
    """A field of the wire format that holds bytes."""
    length, size = b"", len(data)
    while size > 0x7F:
        length, size = length + bytes([size & 0x7F | 0x80]), size >> 7
    return bytes([number << 3 | 2]) + length + bytes([size]) + data


def _fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """The fields of a message that hold bytes; one of another kind ends them: the answers that are read here have none."""
    at = 0
    while at < len(message) and message[at] & 7 == 2:
        number, at = message[at] >> 3, at + 1
        size = shift = 0
        while at < len(message):
            size, shift, last = size | (message[at] & 0x7F) << shift, shift + 7, message[at] < 0x80
            at += 1
            if last:
                break
        yield number, message[at : at + size]
        at += size


if __name__ == "__main__":
    main()
