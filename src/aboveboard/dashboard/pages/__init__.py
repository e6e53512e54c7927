"""The pages: a module each, named as its template."""
