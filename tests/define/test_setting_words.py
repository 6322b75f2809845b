"""Settings as options of the command line."""

from __future__ import annotations

import pytest

from nbflow.core.errors import UsageError
from nbflow.define.setting_words import setting_words


def test_settings_become_words() -> None:
    """Each in the form of its option, what is ``None`` not at all; a name that is none is told."""
    settings = {"engine": None, "parallel": 4, "spark_conf": {"a.b": 1}, "strict": True, "allow_missing": False, "compat": True, "spark_remote": True,
                "catalogs": ["main", "dev"]}  # fmt: skip
    assert setting_words(settings) == [
        "--parallel", "4", "--spark-conf", "a.b=1", "--strict", "--no-allow-missing", "--compat", "--spark-remote", "true", "--catalogs", "main,dev",
    ]  # fmt: skip
    with pytest.raises(UsageError, match=r"there is no setting 'paralel' \(did you mean 'parallel'\?\)"):
        setting_words({"paralel": 4})
    with pytest.raises(UsageError, match="'strict' takes True or False, not 'false'"):
        setting_words({"strict": "false"})
