"""A training as one HTML page, to walk through: a slider over its steps, every number with its formula."""
