"""The audit of workbooks that others made: read, find tables, understand, judge, explain, report."""
