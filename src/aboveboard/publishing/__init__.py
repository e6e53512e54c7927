"""Publishing: what a maker chooses to share, as a site that says how it was counted."""
