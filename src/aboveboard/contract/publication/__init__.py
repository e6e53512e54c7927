"""What a tool publishes of its catalog: the page about its analytics, and its privacy policy."""
