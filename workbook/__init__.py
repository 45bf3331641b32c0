"""The engine's table as an Excel workbook with live formulas, and the audit of workbooks that others made."""

import engine  # noqa: F401 - first of all, so that Ctrl-C while a command loads ends it without a traceback
