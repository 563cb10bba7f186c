"""The processes: each module runs one role until it is told to stop."""
