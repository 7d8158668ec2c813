__all__ = ["KINDS", "ReportFiles", "markdown", "write_report"]

from .write import KINDS, ReportFiles, markdown, write_report
