"""The training room of the rhythm models: data, features, trees, and what they reach."""
