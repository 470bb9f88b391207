"""The responses operation: its items, what is kept of a conversation, and how that is compacted."""
