"""Who receives what is collected, and in which form."""
