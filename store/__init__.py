"""What must survive: one module per noun; the only package that speaks SQL."""
