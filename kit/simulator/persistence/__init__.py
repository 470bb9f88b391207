"""What a simulator keeps beyond its process: a journal of commands, in books of one state file."""
