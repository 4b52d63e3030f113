"""What we do: one file per domain word."""
