"""``python -m zerofeed``: the same as the ``zerofeed`` command."""

from zerofeed.apps.cli import main

if __name__ == "__main__":
    main()
