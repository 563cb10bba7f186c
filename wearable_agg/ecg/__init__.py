"""Streamed ECG: the stream protocol, the clock of a stream, the durable inbox and its gateway."""
