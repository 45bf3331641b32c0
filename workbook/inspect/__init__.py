"""Workbooks that others made: find what they hold, judge it, explain what is wrong, report it."""
