"""Clinical meaning as pure functions and small values: no input, no output, no framework."""
