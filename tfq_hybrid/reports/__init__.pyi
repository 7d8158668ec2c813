__all__ = ["KINDS", "ReportFiles", "markdown", "write_page", "write_report"]

from .write import KINDS, ReportFiles, markdown, write_page, write_report
