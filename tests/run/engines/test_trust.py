"""The trust store that Java is given: Java itself reads back what was put in."""

from __future__ import annotations

import os
import ssl
import subprocess
from pathlib import Path

from nbflow.run.engines.java import find_java
from nbflow.run.engines.trust import write_trust_store


def test_java_reads_what_python_trusts(tmp_path: Path) -> None:
    """As many trusted certificates as Python has."""
    options = write_trust_store(tmp_path / "trusted.jks")
    assert options[0] == f"-Djavax.net.ssl.trustStore={tmp_path / 'trusted.jks'}"
    java = find_java(os.environ).program
    keytool = [str(java), "-m", "java.base/sun.security.tools.keytool.Main", "-list", "-storetype", "JKS", "-storepass", "changeit"]
    done = subprocess.run([*keytool, "-keystore", str(tmp_path / "trusted.jks")], capture_output=True, text=True, check=False)
    assert done.stdout.count("trustedCertEntry") == len(ssl.create_default_context().get_ca_certs(binary_form=True)), done.stdout
