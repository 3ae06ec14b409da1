"""Which of two servers is faster: passes of the same load in turn, ratios over rounds, and a verdict."""
