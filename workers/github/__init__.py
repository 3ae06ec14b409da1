"""The bot on the pull request: commands in comments, answers in one comment and one check run."""
