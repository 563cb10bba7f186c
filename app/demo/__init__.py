"""The demo: every role and the sandbox on loopback, set up and kept running."""
