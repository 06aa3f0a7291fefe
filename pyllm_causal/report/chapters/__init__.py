"""The parts of a report, one file each: a function from the answer to a section, or None where it has nothing to say."""
