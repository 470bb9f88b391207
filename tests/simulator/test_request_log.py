"""The log of requests: what stands in a line, and what never does."""

import re
import threading
from typing import Any

import httpx2
import pytest
from openai import OpenAI

from kit.simulator import serve, serve_class
from kit.simulator.request_log import visible

KEY = "velvet-otter-91"
LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d ([A-Z]+) (\S+) (\d{3}|-) \d+\.\d")


class Lines(list[str]):
    """What was written, and a way to wait for it: a line comes after its answer has gone out."""

    def __init__(self) -> None:
        super().__init__()
        self._news = threading.Condition()

    def write(self, line: str) -> None:
        with self._news:
            self.append(line)
            self._news.notify_all()

    def parsed(self, count: int) -> list[tuple[Any, ...]]:
        with self._news:
            assert self._news.wait_for(lambda: len(self) >= count, timeout=60)
        matches = [LINE.fullmatch(line) for line in self]
        assert all(matches), list(self)
        return [match.groups() for match in matches if match]


def test_a_line_says_what_was_asked_and_how_it_ended():
    lines = Lines()
    with serve(log=lines.write) as server:
        with OpenAI(base_url=f"{server.url}/openai/v1/", api_key="any") as client:
            client.models.list()
            client.chat.completions.create(
                model="gpt-4o", messages=[{"role": "user", "content": "a private question"}], max_tokens=5
            )
        with httpx2.Client(base_url=server.url) as http:
            http.get("/openai/v1/files/课程", headers={"api-key": "any"})
            http.get("/openai/v1/models")
            with pytest.raises(httpx2.TransportError):
                http.get("/openai/v1/models", headers={"api-key": "any", "x-kit-fault": "reset"})
        found = lines.parsed(5)
    assert found == [
        ("GET", "/openai/v1/models", "200"),
        ("POST", "/openai/v1/chat/completions", "200"),
        ("GET", "/openai/v1/files/课程", "404"),
        ("GET", "/openai/v1/models", "401"),
        ("GET", "/openai/v1/models", "-"),
    ]
    assert "private" not in "".join(lines)


def test_keys_and_queries_are_never_written():
    lines = Lines()
    with (
        serve(keys=(KEY, "k2"), log=lines.write) as server,
        httpx2.Client(base_url=server.url, headers={"api-key": KEY}) as http,
    ):
        http.get(f"/openai/v1/files/{KEY}", params={"api-key": KEY})
        http.get("/openai/v1/files/k2")
        http.get("/openai/v1/files/stranger-key", headers={"api-key": "stranger-key"})
        http.get("/", auth=("me", KEY))
        found = [path for _, path, _ in lines.parsed(4)]
    assert found == ["/openai/v1/files/***", "/openai/v1/files/***", "/openai/v1/files/***", "/"]


def test_a_class_has_one_log_without_its_keys():
    lines = Lines()
    with serve_class(log=lines.write) as url, httpx2.Client(base_url=url) as http:
        http.get(f"/openai/v1/files/{KEY}", headers={"api-key": KEY})
        http.get("/openai/v1/models")  # without a key nobody has a resource
        found = lines.parsed(2)
    assert found == [("GET", "/openai/v1/files/***", "404"), ("GET", "/openai/v1/models", "401")]


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ("%1b%5B31mred", "%1B[31mred"),
        ("two%0Alines", "two%0Alines"),
        ("a%20b%09c", "a%20b%09c"),
        ("%E2%80%AEgnp", "%E2%80%AEgnp"),
        ("%C2%9Bred", "%C2%9Bred"),
        ("%00", "%00"),
        ("%FF", "�"),
        ("%E8%AF%BE", "课"),
        ("x" * 500, "x" * 189 + "…"),
    ],
)
def test_a_path_cannot_steer_a_terminal(asked: str, shown: str):
    lines = Lines()
    with serve(log=lines.write) as server, httpx2.Client(headers={"api-key": "any"}) as http:
        http.get(f"{server.url}/openai/v1/{asked}")
        ((_, path, _),) = lines.parsed(1)
    assert path == f"/openai/v1/{shown}"
    assert all(each.isprintable() for each in lines[0])


def test_everything_invisible_is_encoded():
    text = "".join(map(chr, range(0x3000))) + "\u3000\ufeff\U000e0001"
    assert all(each.isprintable() and not each.isspace() for each in visible(text))
    assert visible("/a-b_c.d~é课🙂") == "/a-b_c.d~é课🙂"


def test_a_log_that_cannot_be_written_hinders_nobody():
    def broken(_line: str) -> None:
        raise BrokenPipeError

    with serve(log=broken) as server, httpx2.Client(headers={"api-key": "any"}) as http:
        for _ in range(2):
            assert http.get(f"{server.url}/openai/v1/models").status_code == 200
