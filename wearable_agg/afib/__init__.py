"""Beats and atrial fibrillation from single-lead ECG: pure, causal, vectorised over streams."""
