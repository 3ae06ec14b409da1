"""What stands on a pull request: one comment and a check run, pure functions of reports and states of runs."""
