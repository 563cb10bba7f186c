"""How well the analysis does on annotated records, in the field's own figures (ANSI/AAMI EC57)."""
