"""The widgets of a notebook as it runs: their states, followed so that the executed notebook can draw them."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from nbflow.run.outputs import CellOutputs

_FORMAT = "application/vnd.jupyter.widget-state+json"
_OUTPUT = "OutputModel"


class WidgetStates:
    """Follows the comm messages of a kernel's widgets; their protocol is ipywidgets'."""

    def __init__(self, limit: int, displays: dict[str, list[dict[str, Any]]]) -> None:
        """``limit`` is how many characters of output each keeps, ``displays`` the notebook's, for updates by id."""
        self._limit, self._displays = limit, displays
        self._outputs: dict[str, CellOutputs] = {}
        self._states: dict[str, dict[str, Any]] = {}
        self._buffers: dict[str, dict[tuple[Any, ...], dict[str, Any]]] = {}
        self._capturing: dict[str, str] = {}

    def take(self, kind: str, content: Mapping[str, Any], buffers: Sequence[Any] = ()) -> None:
        """Take a message ``comm_open``, ``comm_msg`` or ``comm_close`` with its binary ``buffers``."""
        data, comm = content.get("data") or {}, content.get("comm_id", "")
        if kind == "comm_open" and content.get("target_name") == "jupyter.widget":
            self._states[comm] = {}
        elif not (kind == "comm_msg" and data.get("method") in ("update", "echo_update") and comm in self._states):
            return
        changes = data.get("state") or {}
        self._states[comm].update(changes)
        if "outputs" in changes:
            self._outputs.pop(comm, None)
        for path, buffer in zip(data.get("buffer_paths") or (), buffers):
            text = base64.b64encode(bytes(buffer)).decode("ascii")
            self._buffers.setdefault(comm, {})[tuple(path)] = {"path": list(path), "encoding": "base64", "data": text}
        if "msg_id" in changes and self._states[comm].get("_model_name") == _OUTPUT:
            self._capture(comm, str(changes["msg_id"] or ""))

    def _capture(self, comm: str, request: str) -> None:
        """An ``Output`` widget takes what is put out for ``request`` from now on; empty: no more."""
        self._capturing = {taken: owner for taken, owner in self._capturing.items() if owner != comm}
        if request:
            self._capturing[request] = comm

    def outputs_of(self, request: str | None) -> CellOutputs | None:
        """Where an ``Output`` widget takes what is put out for ``request``; ``None`` where none does."""
        owner = self._capturing.get(request or "")
        if owner is None:
            return None
        if owner not in self._outputs:
            self._outputs[owner] = outputs = CellOutputs(self._limit, self._displays)
            for output in self._states[owner].get("outputs") or ():
                outputs.add(dict(output))
        return self._outputs[owner]

    def keep(self, metadata: dict[str, Any]) -> None:
        """Write the states into the metadata of a notebook, where there are any."""
        if not self._states:
            return
        for comm, outputs in self._outputs.items():
            self._states[comm]["outputs"] = outputs.as_list()
        widgets = metadata.get("widgets")
        metadata["widgets"] = {
            **(widgets if isinstance(widgets, dict) else {}),
            _FORMAT: {
                "state": {comm: self._entry(comm, state) for comm, state in self._states.items()},
                "version_major": 2,
                "version_minor": 0,
            },
        }

    def _entry(self, comm: str, state: dict[str, Any]) -> dict[str, Any]:
        entry = {
            "model_name": state.get("_model_name"),
            "model_module": state.get("_model_module"),
            "model_module_version": state.get("_model_module_version"),
            "state": state,
        }
        if comm in self._buffers:
            entry["buffers"] = list(self._buffers[comm].values())
        return entry
