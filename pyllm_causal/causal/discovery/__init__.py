"""What causes what: a search for the links that a table supports, with what is known, and how often each is seen again."""
