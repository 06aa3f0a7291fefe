"""The causal half: identification, estimation, refutation, grading. Never imports the language half."""
