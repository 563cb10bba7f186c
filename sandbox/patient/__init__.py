"""A simulated patient with an ECG patch: the heart, the patch's memory, its stream."""
