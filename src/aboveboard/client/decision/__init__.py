"""Whether a session records: the consent table, and what it decides by."""
