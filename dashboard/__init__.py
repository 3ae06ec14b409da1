"""The pages: view models, templates and static files."""
