"""What a catalog is checked for: one function a rule, sorted by what the rules look after."""
