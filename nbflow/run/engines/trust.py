"""A trust store for Java with the authorities that Python trusts here.

The Java of a wheel knows the public authorities only; behind a company's proxy the machine's own store, or the one that
``SSL_CERT_FILE`` names, holds one more. The format is Java's JKS, which Java reads without a tool of its own.
"""

from __future__ import annotations

import hashlib
import ssl
import struct
from collections.abc import Sequence
from pathlib import Path

_PASSWORD = "changeit"
"""Java's customary password; the store holds nothing secret."""


def write_trust_store(path: Path) -> list[str]:
    """Write the authorities that Python trusts to ``path``; the options that make Java use it."""
    path.write_bytes(trust_store(ssl.create_default_context().get_ca_certs(binary_form=True)))
    names = {"trustStore": str(path), "trustStoreType": "JKS", "trustStorePassword": _PASSWORD}
    return [f"-Djavax.net.ssl.{name}={value}" for name, value in names.items()]


def trust_store(certificates: Sequence[bytes]) -> bytes:
    """A JKS key store, version 2, that trusts ``certificates`` (DER)."""
    entries = [
        struct.pack(">I", 2) + _text(f"ca{number}") + struct.pack(">Q", 0) + _text("X.509") + struct.pack(">I", len(data)) + data
        for number, data in enumerate(certificates)
    ]
    body = struct.pack(">III", 0xFEEDFEED, 2, len(entries)) + b"".join(entries)
    return body + hashlib.sha1(_PASSWORD.encode("utf-16-be") + b"Mighty Aphrodite" + body, usedforsecurity=False).digest()


def _text(text: str) -> bytes:
    data = text.encode("ascii")
    return struct.pack(">H", len(data)) + data
