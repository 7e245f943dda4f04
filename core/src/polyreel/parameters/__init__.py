"""From what a caller wrote to what a model accepts: names, values that belong together, defaults, verdicts."""
