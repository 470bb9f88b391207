"""Files: whole ones and those that arrive in parts, when they expire, and the rules for training files."""
