"""papermill's translators, which write values in other languages."""

from __future__ import annotations

import sys
from typing import Any

from nbflow.define.notebooks.names import is_python


def translator_for(kernel: str, language: str) -> Any:
    """papermill's translator for a language that is not Python, or one that a user registered for Python."""
    python = is_python(language)
    if python and "papermill.translators" not in sys.modules:
        return None
    from papermill.translators import PythonTranslator, papermill_translators

    translator = papermill_translators.find_translator(kernel, language)
    return None if python and translator is PythonTranslator else translator
