"""Results about workbooks as one HTML page that needs nothing else: records in, text out."""
