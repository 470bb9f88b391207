"""Chat completions, the older completions of a prompt, and completions that were stored."""
