"""Pure functions over the bytes of pictures and films: no network, no files of its own, nothing heavy."""
