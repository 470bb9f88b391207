"""Token counting with the model's real tokenizer, with or without a network.

Which encoding a model uses stands in the model table (:mod:`kit.azure.models`); this package takes its name.
"""

from kit.tokens.counting import ConversationTokens, count_conversations
from kit.tokens.encodings import encoding, work_offline
from kit.tokens.summaries import TokenSummary, compared, cost, longer_than, summary

__all__ = [
    "ConversationTokens",
    "TokenSummary",
    "compared",
    "cost",
    "count_conversations",
    "encoding",
    "longer_than",
    "summary",
    "work_offline",
]
