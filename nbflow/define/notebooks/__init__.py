"""Notebooks: files in each format, and what is read from their code without running it."""
