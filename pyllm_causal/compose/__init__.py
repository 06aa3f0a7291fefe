"""From the results of the stages to the public answer document, one kind of document a file."""
