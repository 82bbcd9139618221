"""Personal data: what is kept of a person, and its erasure from all that was ever told."""
