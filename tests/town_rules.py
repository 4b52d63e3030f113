"""The rules of the sample town, read once in a test process: its houses find the same ones."""

from pathlib import Path

from handlers import rules

FOLDER = Path(__file__).parent.parent / "rules"
TOWN = rules.load(FOLDER)
RULES, INTENTS, ANSWERS = TOWN.reading, TOWN.intents, TOWN.answers
