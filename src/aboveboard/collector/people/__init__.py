"""Who may look at what was collected: the admin secret, people, read tokens, and their sessions."""
