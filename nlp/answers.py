"""Answer a question that the town has answered before, in place of opening a case."""

from dataclasses import dataclass
from pathlib import Path

from nlp.courtesy import Cover
from nlp.rule_file import File


@dataclass(frozen=True)
class Answer:
    """One block of answers.toml."""

    name: str
    phrases: tuple[str, ...]
    text: str
    examples: tuple[str, ...]
    counter_examples: tuple[str, ...]


@dataclass(frozen=True)
class Answers:
    """The answers of a town, ready to be looked up; never changed."""

    blocks: tuple[Answer, ...]
    _cover: Cover
    _of_phrase: tuple[Answer, ...]


NO_ANSWERS = Answers((), Cover(()), ())
_KEYS = {"name", "phrases", "text", "examples", "counter_examples"}


def load(file: Path) -> Answers:
    """Raises ValueError naming file, block and reason."""
    source = File(file)
    source.block("head", source.content, {"answer"}, set())
    blocks = tuple(
        Answer(
            name=block.text("name"),
            phrases=block.texts("phrases"),
            text=block.text("text").strip(),
            examples=block.texts("examples"),
            counter_examples=block.texts("counter_examples"),
        )
        for block in source.blocks("answer", _KEYS, {"name", "phrases", "text"})
    )
    every = [(phrase, block) for block in blocks for phrase in block.phrases]
    return Answers(blocks, Cover(phrase for phrase, _ in every), tuple(block for _, block in every))


def answer(text: str, answers: Answers) -> str | None:
    """The text of the first answer whose phrases cover the whole of a plain text, else None."""
    which = answers._cover.find(text)
    return None if which is None else answers._of_phrase[which].text
