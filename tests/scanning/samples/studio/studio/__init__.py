"""A small studio that makes films for a shop."""
