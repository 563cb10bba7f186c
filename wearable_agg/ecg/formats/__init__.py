"""ECG in the formats of devices, vendors and hospitals, read as one kind of recording."""
