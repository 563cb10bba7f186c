"""What a site sets (settings, EHR and vendor registries) and clinical facts as data."""
