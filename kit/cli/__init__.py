"""The command ``kit``; each subcommand lives in a module of its own and is imported when it is called."""

from kit.cli._main import main

__all__ = ["main"]
