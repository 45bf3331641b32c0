"""What was found: in the terminal, as JSON and CSV, as a page, as a marked copy."""
