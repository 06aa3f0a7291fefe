"""The language half: reading, suggesting, phrasing. Never imports the causal half."""
