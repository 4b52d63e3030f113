"""How fast it is, beside yardsticks measured in the same run: `python -m bench` (make bench)."""
