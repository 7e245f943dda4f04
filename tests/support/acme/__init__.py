"""A made-up provider with its own simulator: the core is tested without any vendor."""
