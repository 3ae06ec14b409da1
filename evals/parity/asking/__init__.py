"""What a parity workload asks, and the asking: prompts as token ids, passes, what was heard."""
