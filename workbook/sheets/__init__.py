"""The sheets of the workbook and of the exercise, one module for each."""
