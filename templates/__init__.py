"""jinja2 templates: user data and reports."""
