"""Stand in for the package `datasets` where nothing of it is used."""


def load_dataset(*names: object, **options: object) -> None:
    """Refuse."""
    raise ImportError("the package datasets is not installed here")
