"""Plain-text rendering of answers."""
