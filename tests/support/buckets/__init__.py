"""Object stores for tests: a relay that misbehaves in front of a real server, and small servers of two dialects."""
