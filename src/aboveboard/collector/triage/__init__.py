"""Triage: what people have said of groups of errors, and who said it when."""
