"""The report of a reproduction whose results are made up."""

import json

from tfq_hybrid.comparison.reporting.report import content_of
from tfq_hybrid.reports import markdown, write_page


def written(folder, *found, skipped=None):
    """Its Markdown and its page, of what `content_of` takes."""
    content = content_of(*found, skipped or {})
    text = json.dumps(content, allow_nan=False)
    (folder / "reproduction.json").write_text(text, "utf-8")
    content = json.loads(text)
    page = write_page(content, folder / "page.html")
    return markdown(content), page.read_text("utf-8")
