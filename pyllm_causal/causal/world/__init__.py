"""The picture as a working model: one mechanism a column, fitted to the table, then run with something changed."""
