"""Words of any language, for ROUGE: what lies between spaces and punctuation, or a character of Chinese.

The usual package, ``rouge_score``, keeps ``[a-z0-9]`` and drops the rest: “coração” becomes “cora o”, and of
a Chinese text nothing is left. Here a word is a run of letters, digits and the marks on them, in any script,
in lower case and composed form (NFC); scripts that are written without spaces give one word per character.
For English in ASCII both give the same words.
"""

import re
import unicodedata
from functools import cache
from itertools import chain

# Scripts without spaces between words: Han, kana, Thai, Lao, Khmer, Burmese (Unicode 16.0, Blocks.txt).
_UNSPACED = (
    "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U000323af\u0e01-\u0e4e\u0e80-\u0ecf\u1000-\u109f\u1780-\u17d3"
)
_ASCII = re.compile(r"[a-z0-9]+")


@cache
def _pattern() -> re.Pattern[str]:
    """Return the pattern of a word: ``re`` knows letters and digits, but not the marks of, say, Hindi."""
    points = chain(range(0x300, 0x3100), range(0xA66F, 0xAC00), range(0xFE20, 0xFE30))
    marks = [chr(point) for point in points if unicodedata.category(chr(point)).startswith("M")]
    mark = "[" + "".join(marks) + "]"
    return re.compile(f"[{_UNSPACED}]{mark}*|(?:(?![{_UNSPACED}])[^\\W_]{mark}*)+")


def words(text: str) -> list[str]:
    """Return the words of a text in lower case; punctuation and spaces are left out."""
    if text.isascii():
        return _ASCII.findall(text.lower())
    return _pattern().findall(unicodedata.normalize("NFC", text.lower()))
