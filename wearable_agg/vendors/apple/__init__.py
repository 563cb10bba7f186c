"""Apple Health: exports, ECG files and what companion apps push. Apple has no cloud service."""
