"""What was heard of two servers, compared: positions side by side, tolerances, checks and their words."""
