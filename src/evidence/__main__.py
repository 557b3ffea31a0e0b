"""``python -m evidence``: the command, where no script of that name is on the path."""

from evidence.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
