"""Text files that the kit writes: in one step, and only where their content changes."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Fault = Literal["missing", "differing", "surplus"]


@dataclass(frozen=True)
class File:
    """A text and the file that should hold it."""

    path: Path
    text: str

    def fault(self) -> Fault | None:
        """Tell how the file on disk differs from what it should be, if at all."""
        if not self.path.exists():
            return "missing"
        return None if self.path.read_bytes() == self.text.encode() else "differing"

    def write(self) -> bool:
        """Write the text; return whether the file changed."""
        return write_text(self.path, self.text)


def write_text(path: Path, text: str) -> bool:
    """Write a text file; return whether it changed. An equal file is not touched.

    It happens in one step: whoever reads the file meanwhile sees the old content or the new.
    """
    content = text.encode()
    if path.exists() and path.read_bytes() == content:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".part")
    partial.write_bytes(content)
    partial.replace(path)
    return True
