"""A run on one page, or several side by side: what the run folders hold (gather), charts, and Jinja2 templates."""
