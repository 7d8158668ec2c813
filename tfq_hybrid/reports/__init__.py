"""Searches, screenings and diagnoses as pages, tables and plots."""

from tfq_hybrid.reports.write import (
    KINDS,
    ReportFiles,
    markdown,
    write_report,
)

__all__ = ["KINDS", "ReportFiles", "markdown", "write_report"]
