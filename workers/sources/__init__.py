"""Engine sources and packages that submissions bring: fetched, checked, and made ready before a launch."""
