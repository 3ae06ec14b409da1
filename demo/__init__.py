"""Two small demo models, the closed world they know, and the code that makes both."""
