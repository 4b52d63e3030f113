"""Reading: pure functions over text and the rule files."""

from nlp.reading import Reading, read

__all__ = ["Reading", "read"]
