"""Plain functions that repeat an answer by themselves: what a script is cut out of."""
