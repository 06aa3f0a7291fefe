"""The figures of a report: inline SVG of our own, each made from an answer document alone."""
