"""``python -m nbflow``: the same as the ``nbflow`` command."""

from nbflow.surface.cli.main import main

if __name__ == "__main__":
    main()
