"""Worlds that can be put back as they were, processes that stop anywhere, and the ledger that judges them."""
