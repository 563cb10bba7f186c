"""What clinicians look at: figures, layouts and thin callbacks over `dashboards.services`."""
