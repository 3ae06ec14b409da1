"""Reports as documents: Markdown for pull requests."""
