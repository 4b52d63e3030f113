"""Reading: pure functions over text and the rule files."""
