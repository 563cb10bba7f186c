"""Who is who, who was invited, and who allowed what."""
