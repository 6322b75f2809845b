"""Spark engines as their author names them: by a word, or by the address of a Spark Connect server."""

from __future__ import annotations

import re

from nbflow.define.nearest import did_you_mean

ENGINES = ("spark", "sail", "auto", "none")
"""``spark``: a driver of nbflow's own. ``sail``: the embedded engine. ``auto``: the first of these two that can start here.
``none``: notebooks make their own sessions."""

PATTERN = r"sc://([A-Za-z0-9_.\-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?(/(;[^;=]+=[^;]*)*;?)?"
"""The address of a Spark Connect server as a regular expression, for Python and for JSON Schema."""

_ADDRESS = re.compile(rf"{PATTERN}\Z")
_NEARLY = re.compile(r"(?P<scheme>[A-Za-z]*:/*)(?:[^@/;?]*@)?(?P<host>[^/;?@\s]*)")
_OPTIONS = re.compile(r"/?[;?]|/?token", re.IGNORECASE)
_DEFAULT_PORT = 15002  # Spark Connect's own


def engine_problem(name: str) -> str | None:
    """What is wrong with ``name`` as the name of an engine, in one sentence with what to do; ``None`` where nothing is."""
    if name in ENGINES:
        return None
    if name.startswith("sc:"):
        found = _ADDRESS.match(name)
        if found and int((found[2] or ":0")[1:]) < 65536:
            return None
        return f"{engine_label(name)!r} is no address of a Spark Connect server; write sc://host:port, options after /; as in sc://host:port/;token=…"
    nearest = did_you_mean(name, ENGINES)
    known = f"{', '.join(ENGINES)}, or sc://host:port for a Spark Connect server"
    return f"{engine_label(name)!r} is no engine; there are {known}" + (f"; {nearest}" if nearest else "")


def engine_label(name: str) -> str:
    """``name`` as it may be shown and kept: an address without its options, among which a token may stand."""
    found = _ADDRESS.match(name)
    if found:
        return f"sc://{found[1]}{found[2] or f':{_DEFAULT_PORT}'}"
    near = _NEARLY.match(name)
    shown = f"{near['scheme']}{near['host'][:80]}" if near else _OPTIONS.split(name)[0]
    return shown if shown == name else f"{shown}…"


def is_address(name: str) -> bool:
    """Whether the engine is a server that runs elsewhere."""
    return name.startswith("sc:")
