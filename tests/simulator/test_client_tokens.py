"""How the official clients identify themselves: tokens fetched anew or asynchronously, fixed tokens, keys."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import openai
import pytest
from openai import AsyncAzureOpenAI, AsyncOpenAI, AzureOpenAI, OpenAI

from kit.simulator import Simulator, serve

HELLO: Any = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello"}], "temperature": 0}
VERSION = "2025-04-01-preview"


def _in_turn(*tokens: str) -> Callable[[], str]:
    given = itertools.cycle(tokens)
    return lambda: next(given)


def _later(provider: Callable[[], str]) -> Callable[[], Awaitable[str]]:
    async def provide() -> str:
        return provider()

    return provide


@pytest.fixture
def guarded() -> Iterator[Simulator]:
    """A simulator that lets two tokens in."""
    with serve(keys=("first", "second")) as running:
        yield running


def test_a_token_is_asked_for_anew_at_each_request(guarded: Simulator):
    azure = {"azure_endpoint": guarded.url, "api_version": VERSION, "max_retries": 0}
    v1 = {"base_url": f"{guarded.url}/openai/v1/", "max_retries": 0}
    tokens = ("first", "second", "expired")
    clients: list[Any] = [
        AzureOpenAI(azure_ad_token_provider=_in_turn(*tokens), **azure),  # type: ignore[call-overload]
        OpenAI(api_key=_in_turn(*tokens), **v1),  # type: ignore[arg-type]
    ]
    for client in clients:
        with client:
            for _ in range(2):
                assert client.models.list().data
            with pytest.raises(openai.AuthenticationError) as refused:
                client.models.list()
            assert refused.value.code == "401"
            assert client.models.list().data  # the next token is good again


def test_a_token_may_be_fetched_asynchronously(guarded: Simulator):
    azure = {"azure_endpoint": guarded.url, "api_version": VERSION, "max_retries": 0}
    v1 = {"base_url": f"{guarded.url}/openai/v1/", "max_retries": 0}

    async def go() -> None:
        clients: list[Any] = [
            AsyncAzureOpenAI(azure_ad_token_provider=_in_turn("first", "expired"), **azure),  # type: ignore[call-overload]
            AsyncAzureOpenAI(azure_ad_token_provider=_later(_in_turn("first", "expired")), **azure),  # type: ignore[call-overload]
            AsyncOpenAI(api_key=_later(_in_turn("first", "expired")), **v1),  # type: ignore[arg-type]
        ]
        for client in clients:
            async with client:
                assert (await client.chat.completions.create(**HELLO)).choices
                with pytest.raises(openai.AuthenticationError):
                    await client.chat.completions.create(**HELLO)

    asyncio.run(go())


def test_a_fixed_token_and_a_key_are_both_let_in(guarded: Simulator):
    azure: Any = {"azure_endpoint": guarded.url, "api_version": VERSION}
    for credentials in ({"azure_ad_token": "first"}, {"api_key": "second"}):
        with AzureOpenAI(**azure, **credentials) as client:
            assert client.chat.completions.create(**HELLO).choices
