"""papermill's translators, which write values in other languages: those that users have registered."""

from __future__ import annotations

import sys
from typing import Any

_TRANSLATORS = "papermill.translators"


def translator_for(kernel: str, language: str) -> Any:
    """The translator that a user registered with papermill for a kernel or a language; ``None`` where there is only papermill's own."""
    if _TRANSLATORS not in sys.modules:  # then nobody has registered one
        return None
    from papermill.exceptions import PapermillException
    from papermill.translators import papermill_translators

    try:
        translator = papermill_translators.find_translator(kernel, language)
    except PapermillException:
        return None
    return None if translator.__module__ == _TRANSLATORS else translator
