"""The page at `/`: what it shows, to whom, in which language, and that nothing on it can do harm."""

import itertools
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from bs4 import BeautifulSoup, Tag
from openai import NotFoundError, OpenAI

from kit import i18n
from kit.simulator import Simulator, serve


def page(http: httpx2.Client, **headers: str) -> BeautifulSoup:
    answer = http.get("/", headers=headers)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    return BeautifulSoup(answer.text, "html.parser")


def table(soup: BeautifulSoup, caption: str) -> list[list[str]]:
    found = next(each for each in soup.find_all("table") if each.caption.text == caption)
    return [[cell.text for cell in row.find_all("td")] for row in found.tbody.find_all("tr")]


def test_it_says_what_it_is_and_what_is_going_on(http: httpx2.Client):
    text = page(http).text
    assert "not Azure" in text
    assert "happy" in text
    assert "2026-11-02 09:00:00" in text


def test_it_shows_deployments_files_and_jobs_with_their_curve(
    http: httpx2.Client, client: OpenAI, tuned: Callable[..., Any]
):
    job = tuned()
    soup = page(http)
    deployments = {row[0]: row for row in table(soup, "Deployments and quotas")}
    assert deployments["gpt-4o"][2] == "Succeeded"
    names = [row[0] for row in table(soup, "Files")]
    assert names == ["results.csv", "lamps.jsonl"]  # newest first
    article = soup.find("article")
    assert isinstance(article, Tag)
    assert job.id in article.text
    assert job.fine_tuned_model in article.text
    drawing = article.find("svg", role="img")
    assert isinstance(drawing, Tag)
    points = drawing.find("polyline", class_="train")
    assert isinstance(points, Tag)
    events = client.fine_tuning.jobs.list_events(job.id, limit=100).data
    steps = [event.data for event in events if event.type == "metrics"]
    assert len(str(points["points"]).split()) == len(steps)
    assert f"{steps[-1]['train_loss']:.2f} at step 1 " in str(drawing["aria-label"])  # type: ignore[index]


def test_it_shows_the_last_requests_without_what_was_in_them(http: httpx2.Client, client: OpenAI):
    client.files.list()
    with pytest.raises(NotFoundError):
        client.files.retrieve("file-secret")
    http.get("/private-address?private=query", headers={"api-key": "private-key"})
    client.chat.completions.create(
        model="gpt-4o", messages=[{"role": "user", "content": "a private question"}], max_tokens=5
    )
    soup = page(http)
    rows = [row[:3] for row in table(soup, "Recent requests")]
    assert rows[0] == ["POST", "/openai/v1/chat/completions", "200"]
    assert ["GET", "/openai/v1/files/{file_id}", "404"] in rows
    assert ["GET", "/openai/v1/files", "200"] in rows
    assert ["GET", "/…", "404"] in rows
    assert "private" not in soup.text
    assert "secret" not in soup.text


def test_the_recent_requests_do_not_grow(http: httpx2.Client):
    for _ in range(60):
        http.get("/openai/v1/nothing")
    assert len(table(page(http), "Recent requests")) == 50


def test_what_clients_choose_is_shown_as_text(http: httpx2.Client, client: OpenAI, samples: Any):
    evil = "<script>alert(1)</script>\u202e\x1b[31m.jsonl"
    client.files.create(file=(evil, samples.english), purpose="fine-tune")
    answer = http.get("/", headers={"Host": '"><script>'})
    assert "<script" not in answer.text
    assert "\u202e" not in answer.text
    assert "\x1b" not in answer.text
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy


def test_nothing_is_fetched_from_anywhere(http: httpx2.Client):
    soup = page(http)
    assert not soup.find_all(["script", "link", "img", "iframe", "object", "form"])
    assert [a["href"] for a in soup.find_all("a")] == ["/"]
    style = soup.style
    assert style is not None
    assert "url(" not in style.text
    assert "@import" not in style.text


def test_its_structure_can_be_read_aloud(http: httpx2.Client, tuned: Callable[..., Any]):
    tuned()
    soup = page(http)
    assert soup.html is not None
    assert soup.html["lang"] == "en"
    assert soup.title is not None
    assert soup.title.text
    assert len(soup.find_all("main")) == len(soup.find_all("h1")) == 1
    levels = [int(found.name[1]) for found in soup.find_all(["h1", "h2", "h3"])]
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    for each in soup.find_all("table"):
        assert each.caption.text
        assert all(head.get("scope") == "col" and head.text for head in each.find_all("th"))
    for drawing in soup.find_all("svg"):
        assert drawing.get("aria-label") or drawing.get("aria-hidden") == "true"
    identifiers = [found["id"] for found in soup.find_all(id=True)]
    assert len(identifiers) == len(set(identifiers))


def test_it_speaks_the_language_of_the_browser(http: httpx2.Client, locale: str):
    soup = page(http, **{"Accept-Language": f"{locale};q=0.9, xx;q=1, en;q=0.1"})
    assert soup.html is not None
    assert soup.html["lang"] == {"pt": "pt-BR", "zh": "zh-Hans"}.get(locale, locale)  # of IANA's registry
    with i18n.speaking(locale):
        assert soup.title is not None
        assert soup.title.text == i18n.gettext("Simulator of Azure OpenAI")
    assert i18n.current() == "en"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", None),
        ("*", None),
        ("xx", None),
        ("pt-BR,pt;q=0.9,en;q=0.8", "pt"),
        ("en;q=0.8, zh-CN", "zh"),
        ("zh-TW, es;q=0.5", "es"),
        ("fr;q=0", None),
        ("es;q=abc, fr;q=0.1", "fr"),
    ],
)
def test_the_language_is_negotiated(header: str, expected: str | None):
    assert i18n.preferred(header) == expected


def test_with_keys_only_who_has_one_sees_more_than_what_this_is():
    with serve(keys=("open-sesame",)) as server, httpx2.Client(base_url=server.url) as http:
        for credentials in (None, ("", "wrong"), ("open-sesame", "")):
            locked = http.get("/", auth=credentials) if credentials else http.get("/")
            assert locked.status_code == 401
            assert locked.headers["www-authenticate"].startswith("Basic ")
            assert "not Azure" in locked.text
            assert "gpt-4o" not in locked.text
        for broken in ("Basic", "Basic ä", "Basic !!!", "Basic Og=="):
            assert http.get("/", headers={"Authorization": broken.encode()}).status_code == 401
        assert "gpt-4o" in http.get("/", auth=("me", "open-sesame")).text
        assert "gpt-4o" in http.get("/", headers={"api-key": "open-sesame"}).text


def test_it_says_which_faults_wait(server: Simulator, http: httpx2.Client):
    http.put("/simulator/scenario", json={"name": "flaky"})
    rows = table(page(http), "Faults")
    assert ["503", "GET *", "*", "10%", "∞"] in rows
    assert ["lost", "POST */fine_tuning/jobs", "*", "100%", "1"] in rows
