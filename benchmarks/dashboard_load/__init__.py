"""How fast pages answer: a store filled by a seed, and readers that ask a real service for every page."""
