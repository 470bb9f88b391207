"""Two hundred training files, each broken in its own way: every one is explained, and none is uploaded."""

import json
import random
from pathlib import Path

import pytest

from kit import lab, settings
from kit.errors import TrainingFileError

FILES = 200
SEED = 7


def _object(line: bytes) -> dict:
    return json.loads(line)


def _written(record: object) -> bytes:
    return json.dumps(record, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _changed(line: bytes, **message: object) -> bytes:
    """Return the line with its last message changed; None takes a field out."""
    record = _object(line)
    last = {**record["messages"][-1], **message}
    record["messages"][-1] = {key: value for key, value in last.items() if value is not None}
    return _written(record)


# What becomes of one line, or of the whole file (then the message cannot name a line, or names another).
LINES = {
    "nothing": lambda line, rng: b"",
    "spaces": lambda line, rng: b" " * rng.randint(1, 9),
    "cut": lambda line, rng: line[: rng.randint(1, len(line) - 2)],
    "null byte": lambda line, rng: _at(line, rng, b"\x00"),
    "latin-1": lambda line, rng: line[:-3] + "ção".encode("latin-1") + line[-3:],
    "gbk": lambda line, rng: line[:-3] + "退款".encode("gbk") + line[-3:],
    "lone surrogate": lambda line, rng: _changed(line, content="\ud83d"),
    "raw newline": lambda line, rng: line[: len(line) // 2] + b"\n" + line[len(line) // 2 :],
    "two objects": lambda line, rng: line + line,
    "a list": lambda line, rng: b"[" + line + b"]",
    "a number": lambda line, rng: str(rng.randint(0, 999)).encode(),
    "single quotes": lambda line, rng: line.replace(b'"', b"'"),
    "comment": lambda line, rng: b"// " + line,
    "no messages": lambda line, rng: b'{"prompt": "a", "completion": "b"}',
    "empty messages": lambda line, rng: b'{"messages": []}',
    "messages no list": lambda line, rng: b'{"messages": "hello"}',
    "unknown role": lambda line, rng: _changed(line, role=rng.choice(["bot", "human", "Assistant", ""])),
    "no role": lambda line, rng: _changed(line, role=None),
    "no content": lambda line, rng: _changed(line, content=None),
    "content a number": lambda line, rng: _changed(line, content=rng.randint(1, 9)),
    "no answer": lambda line, rng: _changed(line, role="user"),
    "deep": lambda line, rng: b'{"messages": ' + b"[" * rng.randint(2000, 9000),
}
WHOLE = {
    "empty": lambda lines, rng: b"",
    "blank": lambda lines, rng: b"\n" * rng.randint(1, 9),
    "nine": lambda lines, rng: b"\n".join(lines[: rng.randint(1, 9)]),
    "utf-16": lambda lines, rng: b"\n".join(lines).decode().encode("utf-16"),
    "one array": lambda lines, rng: b"[" + b",\n".join(lines) + b"]",
    "csv": lambda lines, rng: b"question,answer\n" + b"\n".join(b"a,b" for _ in lines),
    "zip": lambda lines, rng: b"PK\x03\x04" + rng.randbytes(500),
    "two marks": lambda lines, rng: b"\xef\xbb\xbf\xef\xbb\xbf" + b"\n".join(lines),
}


def _at(line: bytes, rng: random.Random, inserted: bytes) -> bytes:
    place = rng.randint(1, len(line) - 1)
    return line[:place] + inserted + line[place:]


def broken(number: int, source: list[bytes]) -> tuple[str, bytes, int | None]:
    """Return the name of a fault, the file's content, and the line that has it."""
    rng = random.Random(f"{SEED} {number}")
    kinds = [*LINES, *WHOLE]
    kind = kinds[number % len(kinds)]
    if kind in WHOLE:
        return kind, WHOLE[kind](source, rng), None
    place = rng.randrange(len(source))
    lines = list(source)
    lines[place] = LINES[kind](lines[place], rng)
    return kind, b"\n".join(lines) + b"\n", place + 1


@pytest.fixture
def source() -> list[bytes]:
    path = settings.labs_folder() / "data" / "pt" / "support-train.jsonl"
    return path.read_bytes().splitlines()[:14]


def test_every_broken_file_is_explained_and_none_is_uploaded(
    running, client, source: list[bytes], training_file: Path, tmp_path: Path
):
    unexplained = []
    for number in range(FILES):
        kind, content, line = broken(number, source)
        path = tmp_path / f"broken-{number}.jsonl"
        path.write_bytes(content)
        try:
            lab.validate(path, training_file)
        except TrainingFileError as error:
            said = str(error)
            if path.name not in said or (line is not None and str(line) not in said.replace(path.name, "")):
                unexplained.append((kind, line, said))
            continue
        unexplained.append((kind, line, "accepted"))
        client.files.create(file=path, purpose="fine-tune")  # as the lab's next step would
    assert unexplained == []
    assert list(client.files.list()) == []
