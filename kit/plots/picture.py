"""A finished picture, as a notebook shows it.

Front ends differ in where they look for alternative text. JupyterLab 4 ignores the metadata of ``image/png``;
nbconvert honours ``metadata["image/png"]["alt"]`` in its classic template alone, and writes “No description
has been provided for this image” in the others. All of them, and VS Code, prefer ``text/html`` to
``image/png`` and keep the ``alt`` of an ``<img>``, also in an untrusted notebook. So the HTML form carries
picture and text; the PNG beside it is for exports without HTML (PDF), and the plain text for the rest.
"""

import base64
import html
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kit import i18n


@dataclass(frozen=True, repr=False)
class Picture:
    """A PNG with its alternative text in ``locale``; width and height as shown, in CSS pixels."""

    png: bytes
    alt: str
    width: int
    height: int
    locale: str = "en"

    def __repr__(self) -> str:
        """Return the alternative text: what a terminal shows."""
        return self.alt

    def _repr_html_(self) -> str:
        encoded = base64.b64encode(self.png).decode("ascii")
        language = i18n.language_tag(self.locale)
        return (
            f'<img src="data:image/png;base64,{encoded}" alt="{html.escape(self.alt)}" lang="{language}" '
            f'width="{self.width}" height="{self.height}" style="max-width: 100%; height: auto">'
        )

    def _repr_mimebundle_(self, **_selection: Any) -> tuple[dict[str, str], dict[str, Any]]:
        data = {
            "text/html": self._repr_html_(),
            "text/plain": self.alt,
            "image/png": base64.b64encode(self.png).decode("ascii"),
        }
        return data, {"image/png": {"alt": self.alt, "width": self.width, "height": self.height}}

    def save(self, path: Path | str) -> Path:
        """Write the PNG to a file and return its path."""
        target = Path(path)
        target.write_bytes(self.png)
        return target
