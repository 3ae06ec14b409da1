"""The database's history; `make migration m="..."` writes the next step."""
