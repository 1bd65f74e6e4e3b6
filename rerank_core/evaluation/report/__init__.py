"""The report of an evaluation: HTML and CSV."""

from rerank_core.extras import require

require("The report", "evaluation", "jinja2", "markupsafe")
