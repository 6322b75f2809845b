"""papermill's translators, which write values in other languages: those that users have registered."""

from __future__ import annotations

import sys
from typing import Any

from nbflow.define.notebooks.names import is_python
from nbflow.run.literals import LANGUAGES

_TRANSLATORS = "papermill.translators"


def translator_for(kernel: str, language: str) -> Any:
    """The translator that a user registered with papermill for a kernel or a language; ``None`` where there is only papermill's
    own, of a language that is written here as well."""
    if _TRANSLATORS not in sys.modules:  # then nobody has registered one
        return None
    from papermill.exceptions import PapermillException
    from papermill.translators import papermill_translators

    try:
        translator = papermill_translators.find_translator(kernel, language)
    except PapermillException:
        return None
    known = is_python(language) or not LANGUAGES.keys().isdisjoint((kernel.lower(), language.lower()))
    return None if known and translator.__module__ == _TRANSLATORS else translator
