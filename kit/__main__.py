"""``python -m kit`` is the command ``kit``, for environments whose scripts are not on the path."""

from kit.cli import main

main(prog_name="kit")
