"""Which Jupyter kernels are installed."""

from __future__ import annotations


def installed_kernels() -> dict[str, str]:
    """The names of the installed kernels with their languages."""
    from jupyter_client.kernelspec import KernelSpecManager

    specs = KernelSpecManager().get_all_specs()
    return {name: entry["spec"].get("language", "") for name, entry in specs.items()}
