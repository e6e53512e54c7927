"""A document that is written once, and rendered as Markdown and as HTML that loads nothing."""
