"""Views of a model document for other readers: forms, listings, API descriptions, pages. Each is derived from it alone."""
