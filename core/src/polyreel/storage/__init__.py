"""Where jobs and films are kept: job stores (memory, SQLite) and files that appear whole or not at all."""
