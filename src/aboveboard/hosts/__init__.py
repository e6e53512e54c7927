"""Programs that report on themselves with aboveboard, a package each."""
