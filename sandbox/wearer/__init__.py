"""Made-up people who wear a watch: a believable year of data, the same on every run."""
