"""Command line as `python -m ferrule`."""

from ferrule.cli import main

main()
