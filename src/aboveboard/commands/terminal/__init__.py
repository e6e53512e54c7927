"""What commands show, and what they ask for."""
