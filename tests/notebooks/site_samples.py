"""Editions for tests of the site: a lab with every kind of cell and output, in several languages."""

from typing import Any

from kit.notebooks.editions import Edition

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII="
WIDE = "x = '" + "wide " * 60 + "'"


def markdown(identifier: str, source: str, *tags: str) -> dict[str, Any]:
    metadata = {"tags": list(tags)} if tags else {}
    lines = source.splitlines(keepends=True)
    return {"cell_type": "markdown", "id": identifier, "metadata": metadata, "source": lines}


def code(
    identifier: str, source: str, *outputs: dict[str, Any], tags: tuple[str, ...] = ()
) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "execution_count": None,
        "id": identifier,
        "metadata": {"tags": list(tags)} if tags else {},
        "outputs": list(outputs),
        "source": source.splitlines(keepends=True),
    }


def shown(kind: str, content: str, **metadata: Any) -> dict[str, Any]:
    return {
        "output_type": "display_data",
        "data": {kind: content, "text/plain": "plain"},
        "metadata": metadata,
    }


def printed(text: str) -> dict[str, Any]:
    return {"output_type": "stream", "name": "stdout", "text": text}


def edition(
    locale: str, cells: list[dict[str, Any]], lab: str = "small", audience: str = "learner"
) -> Edition:
    metadata = {"kit": {"lab": lab, "locale": locale}}
    notebook = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return Edition(lab, locale, (audience, "jupyter"), notebook, {})


def everything(locale: str, word: str) -> Edition:
    """Return a lab with every kind of cell and output; ``word`` stands in its texts."""
    return edition(
        locale,
        [
            markdown("a1", f"# {word} & more\n\nA **lead** of {word}.\n\n| a | b |\n|---|---|\n| 1 | 2 |"),
            markdown("a2", f"## 1. {word}\n\n### Part\n\n```python\nx = 1\n```\n\n## 2. {word} `again`"),
            code("a3", "n = 3  # times", tags=("parameters",)),
            code("a4", WIDE, printed("a < b\n\x1b[31mred\x1b[0m\n")),
            code("a5", "html", shown("text/html", f"<table><tr><td>{word}</td></tr></table>")),
            code("a6", "png", shown("image/png", PIXEL, **{"image/png": {"alt": f"A {word}"}})),
            code("a7", "png", shown("image/png", PIXEL)),
            code("a8", "md", shown("text/markdown", "*slanted*")),
            code("a9", "plain", {"output_type": "execute_result", "data": {"text/plain": "<plain>"},
                                 "metadata": {}, "execution_count": 1}),
            code("b1", "0", {"output_type": "error", "ename": "E", "evalue": "", "traceback": ["E: <v>"]}),
            code("b2", "done = True", tags=("exercise",)),
            markdown("b3", f"**Teaching note.** {word}", "instructor"),
        ],
    )  # fmt: skip


def hostile(address: str) -> dict[str, Any]:
    """Return an output that tries to run something, and to load from an address."""
    return shown(
        "text/html",
        f"<script>document.title = 'taken'; fetch('{address}/stolen')</script>"
        f"<img src='{address}/pixel.png' alt='' onerror=\"document.title = 'taken'\">"
        f"<link rel='stylesheet' href='{address}/style.css'>"
        f"<style>@import url('{address}/more.css')</style>"
        f"<iframe src='{address}/frame' title='frame'></iframe>",
    )
