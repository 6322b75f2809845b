"""Pipeline files: their words, and the reading of them, line by line, into pipelines."""
