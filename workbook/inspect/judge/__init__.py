"""Whether it is right: by definition, by its numbers, or by differentiating it."""
