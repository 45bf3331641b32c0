"""What is on the sheets: tables, headers, labels, learning rates, recurrences, and what they mean together."""
