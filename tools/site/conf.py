"""Sphinx, for the documentation site. `tools/docs.py` hands it a folder of pages and the rest."""

project = "aboveboard"
author = "aboveboard's authors"
copyright = "Apache-2.0"  # noqa: A001  # Sphinx's own name for it

extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
root_doc = "index"
nitpicky = True
smartquotes = False  # or `--host` would be a dash and a word
myst_heading_anchors = 4
suppress_warnings = ["misc.highlighting_failure"]  # JSON that is cut with … is no JSON

html_theme = "furo"
html_title = "aboveboard"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_show_copyright = False
html_copy_source = False
html_theme_options = {"footer_icons": [], "source_repository": "", "top_of_page_buttons": []}
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"
