"""Reading a project's Python source for calls that ask models which end for films; nothing of it is ever executed."""
