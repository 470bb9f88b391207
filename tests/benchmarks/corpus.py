"""Real markdown found on this machine, for tests and benchmarks: nothing is downloaded.

Looked through are the descriptions of installed Python packages (``METADATA`` whose content type is markdown)
and every ``*.md`` and ``*.md.gz`` in the folders of Python packages, of npm packages (npm's own documentation
is among them) and of the system's documentation. Equal texts count once. The order depends on nothing but
the texts: it is that of their SHA-256 hashes.
"""

import gzip
import hashlib
import os
import random
import re
import shutil
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
_DESCRIPTION = "text/markdown"


def markdown_texts() -> list[str]:
    """Return every different markdown text there is, in the order of their hashes."""
    texts = {text for text in (*_descriptions(), *_files(_folders())) if text.strip()}
    return sorted(texts, key=lambda text: hashlib.sha256(text.encode()).digest())


def english_texts(words: int) -> tuple[list[str], str]:
    """Return texts of English prose with ``words`` words in all, and where they are from.

    A word is what stands between white space. Chosen are texts of 200 to 4,000 words that are nearly all
    ASCII; the last one is cut after the block that reaches the number. A machine with too few of them
    gets texts made up from the words of the labs.
    """
    chosen = list(_cut((text for text in markdown_texts() if _is_english(text)), words))
    if _count(chosen) >= words:
        return chosen, "found on this machine"
    return list(_cut(_made_up(), words)), "made up from the labs' words"


def _count(texts: Iterable[str]) -> int:
    return sum(len(text.split()) for text in texts)


def _is_english(text: str) -> bool:
    return 200 <= len(text.split()) <= 4000 and len(text.encode()) < 1.03 * len(text)


def _cut(texts: Iterable[str], words: int) -> Iterator[str]:
    for text in texts:
        size = len(text.split())
        if size >= words:
            yield _beginning(text, words)
            return
        words -= size
        yield text


def _beginning(text: str, words: int) -> str:
    """Return the first blocks of a text with at least so many words; a code block stays whole."""
    kept: list[str] = []
    fenced = False
    for line in text.splitlines(keepends=True):
        if words <= 0 and not fenced and not line.strip():
            break
        kept.append(line)
        words -= len(line.split())
        fenced ^= line.lstrip().startswith(("```", "~~~"))
    return "".join(kept)


def _descriptions() -> Iterator[str]:
    for distribution in metadata.distributions():
        header, _blank, description = (distribution.read_text("METADATA") or "").partition("\n\n")
        if _DESCRIPTION in header:
            yield description


def _folders() -> list[Path]:
    here = sysconfig.get_paths()
    folders = [Path(here["purelib"]), Path(here["platlib"]), Path(sys.prefix, "share")]
    folders.append(Path(sys.base_prefix) / Path(here["purelib"]).relative_to(sys.prefix))
    node = shutil.which("node")
    prefixes = [Path("/usr"), Path("/usr/local"), *([Path(node).resolve().parents[1]] if node else [])]
    for prefix in prefixes:
        folders += [prefix / "lib" / "node_modules", prefix / "share" / "doc"]
    return list(dict.fromkeys(folders))


def _files(folders: Iterable[Path]) -> Iterator[str]:
    for folder in folders:
        for parent, _folders, names in os.walk(folder):
            for name in names:
                if not name.lower().endswith((".md", ".md.gz")):
                    continue
                try:
                    data = Path(parent, name).read_bytes()
                    yield (gzip.decompress(data) if name.endswith(".gz") else data).decode()
                except (OSError, EOFError, UnicodeDecodeError):
                    continue  # a link to nowhere, or no UTF-8


def _made_up() -> Iterator[str]:
    """Yield markdown without end: headings, paragraphs, lists, tables and code from the labs' words."""
    prose = "\n".join(path.read_text(encoding="utf-8") for path in sorted((_ROOT / "templates").glob("*.py")))
    words = re.findall(r"[A-Za-z]{2,}", prose)
    chance = random.Random(105)

    def sentence(most: int) -> str:
        return " ".join(chance.choices(words, k=chance.randint(4, most))).capitalize() + "."

    while True:
        parts: list[str] = []
        for _section in range(12):
            parts += [f"## {sentence(6)}", f"{sentence(30)} `{chance.choice(words)}`\n{sentence(20)}"]
            parts.append("\n".join(f"- {sentence(12)}" for _item in range(4)))
            parts.append(f"| {sentence(4)} | {sentence(4)} |\n|---|---|\n| {sentence(6)} | {sentence(6)} |")
            parts.append(f"```python\n{chance.choice(words)} = 1\n```")
        yield "\n\n".join(parts) + "\n"
