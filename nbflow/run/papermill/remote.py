"""Notebooks elsewhere, read by papermill's handlers: http, S3, Azure, Google, HDFS, and those that a user registered."""

from __future__ import annotations


def read_remote(url: str) -> bytes:
    """The file at ``url``. Raises ``OSError`` that says why it cannot be had."""
    from papermill.exceptions import PapermillException
    from papermill.iorw import papermill_io

    try:
        text = papermill_io.read(url)
    except (OSError, PapermillException) as error:
        raise OSError(f"cannot be fetched: {error}") from None
    except Exception as error:  # handlers are other people's, and so are the libraries they call
        raise OSError(f"cannot be fetched: {type(error).__name__}: {error}") from error
    return str(text).encode("utf-8", "surrogatepass")
