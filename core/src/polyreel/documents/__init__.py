"""Model documents: the JSON Schema of a request to one model, and everything that is read off it."""
