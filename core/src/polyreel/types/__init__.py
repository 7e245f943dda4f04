"""What polyreel speaks of: frozen, keyword-only data without behaviour of its own."""
