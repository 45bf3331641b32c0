"""The engine's table as an Excel workbook with live formulas, and the audit of workbooks that others made."""
