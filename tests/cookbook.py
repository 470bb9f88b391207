"""A conversation whose tokens the service itself has counted, from the OpenAI Cookbook.

https://developers.openai.com/cookbook/examples/how_to_count_tokens_with_tiktoken, section 6: the API counted
124 prompt tokens for gpt-4o (o200k_base) and 129 for gpt-4-0613 (cl100k_base).
"""

from typing import Any

CONVERSATION: Any = [
    {
        "role": "system",
        "content": "You are a helpful, pattern-following assistant that translates corporate jargon into "
        "plain English.",
    },
    {
        "role": "system",
        "name": "example_user",
        "content": "New synergies will help drive top-line growth.",
    },
    {
        "role": "system",
        "name": "example_assistant",
        "content": "Things working well together will increase revenue.",
    },
    {
        "role": "system",
        "name": "example_user",
        "content": "Let's circle back when we have more bandwidth to touch base on opportunities for "
        "increased leverage.",
    },
    {
        "role": "system",
        "name": "example_assistant",
        "content": "Let's talk later when we're less busy about how to do better.",
    },
    {
        "role": "user",
        "content": "This late pivot means we don't have time to boil the ocean for the client deliverable.",
    },
]
