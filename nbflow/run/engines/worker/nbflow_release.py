"""Ends sessions of a Spark Connect server: what they have running is interrupted, and they take nothing any more.

Run as a script. Standard input holds one JSON object: ``remote`` (the address, with its token) and ``sessions`` (their
ids). Speaks the protocol by hand, since importing PySpark takes ten times as long as this does.
"""

from __future__ import annotations

import contextlib
import json
import sys
from typing import Any
from urllib.parse import unquote, urlsplit

_SECONDS = 4.0
_SERVICE = "/spark.connect.SparkConnectService/"
_OWN = ("token", "use_ssl", "user_id", "user_agent", "session_id", "grpc_max_message_size", "x-databricks-session-id")
_INTERRUPT_ALL = b"\x20\x01"  # field 4, an enumeration: all


def main() -> None:
    """Read what to end, and end it."""
    import grpc

    given = json.loads(sys.stdin.read())
    url = urlsplit("http" + given["remote"].removeprefix("sc"))
    pairs = (part.split("=", 1) for part in url.path.lstrip("/").split(";") if "=" in part)
    parameters = {name: unquote(value) for name, value in pairs}
    metadata = [(name, value) for name, value in parameters.items() if name not in _OWN]
    with _channel(grpc, f"{_host(url.hostname or '')}:{url.port or 15002}", url.hostname or "", parameters) as channel:
        for session in given["sessions"]:
            request = _field(1, session) + _bytes(2, _field(1, parameters.get("user_id", "")))
            # in this order: Sail leaves a caller waiting whose session is released in the middle of a query
            for method, more in (("Interrupt", _INTERRUPT_ALL), ("ReleaseSession", b"")):
                with contextlib.suppress(grpc.RpcError):  # it may be over, or the server gone
                    channel.unary_unary(_SERVICE + method)(request + more, timeout=_SECONDS, metadata=metadata)


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


if __name__ == "__main__":
    main()
