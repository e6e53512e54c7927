"""Running the collector: its log, its metrics, threads that never end unseen, descriptors."""
