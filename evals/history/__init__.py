"""History: the points of a lineage, their noise, and what became of its level."""
