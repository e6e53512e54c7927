"""Projects: whose events are taken, by which catalogs and keys."""
