"""From results to a report: tables, pictures, sentences."""
