"""The life of a job: which moves are legal, when to look again, and the one flow that takes each step."""
