"""A simulated patient with an ECG patch or a strap: the heart, the device's memory, its stream."""
