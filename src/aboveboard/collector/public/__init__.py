"""Published sites, shown to everybody: files of the data directory, nothing of the warehouse."""
