"""`python -m ferrule`: the command line."""

from ferrule.cli import main

main()
