"""Logs are lines of JSON for operators, and hold nothing that belongs to a resident or opens a door."""

import json
import logging
import sys

import pytest
import sqlalchemy as sa

from bot.logs import _Json, clean, describe


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("call 13812345678 now", "call 138… now"),
        ("电话13812345678，急", "电话138…，急"),
        ("身份证 32128419800101123X", "身份证 321…"),
        ("身份证321284198001011234", "身份证321…"),
        ("https://host/send?key=693a91f6-7bcf", "https://host/send?key=…"),
        ("/cgi-bin/x?access_token=abc.def&type=image", "/cgi-bin/x?access_token=…&type=image"),
        ("message 23487658347658734 of 1795395600", "message 23487658347658734 of 1795395600"),
    ],
)
def test_phones_identity_cards_and_keys_are_taken_out_and_message_numbers_stay(
    text: str, cleaned: str
) -> None:
    assert clean(text) == cleaned


def failure(act: object) -> logging.LogRecord:
    """The record of what goes wrong when `act` is called."""
    try:
        act()  # type: ignore[operator]
    except Exception:
        return logging.LogRecord("mashang", logging.ERROR, __file__, 1, "it failed", None, sys.exc_info())
    raise AssertionError("nothing went wrong")


def test_a_line_is_one_json_object_with_time_level_name_and_message() -> None:
    record = logging.LogRecord(
        "mashang", logging.INFO, __file__, 1, "two\nlines of %s", ("13812345678",), None
    )
    record.created = 1_795_395_600.25
    assert json.loads(_Json().format(record)) == {
        "at": "2026-11-23T01:00:00.250+00:00",
        "level": "info",
        "logger": "mashang",
        "message": "two\nlines of 138…",
    }
    assert "\n" not in _Json().format(record)


def test_an_error_is_told_by_kind_and_place_never_in_its_own_words() -> None:
    def read() -> None:
        try:
            {}["我家在幸福路3号"]
        except KeyError as error:
            raise ValueError("我家在幸福路3号") from error

    line = json.loads(_Json().format(failure(read)))
    assert line["error"].startswith("ValueError from KeyError at test_logs.py:")
    assert line["error"].endswith(" read")
    assert "幸福路" not in json.dumps(line, ensure_ascii=False)


def test_a_database_says_what_ails_it_but_not_with_which_values() -> None:
    engine = sa.create_engine("sqlite://")

    def insert() -> None:
        with engine.begin() as connection:
            connection.execute(sa.text("CREATE TABLE t (name TEXT UNIQUE)"))
            for _ in range(2):
                connection.execute(sa.text("INSERT INTO t VALUES (:name)"), {"name": "李秀英"})

    error = describe(failure(insert).exc_info[1])  # type: ignore[arg-type, index]
    assert error.startswith(
        "IntegrityError(SQLITE_CONSTRAINT_UNIQUE) from IntegrityError(SQLITE_CONSTRAINT_UNIQUE)"
    )
    assert "李秀英" not in error


def test_a_failure_of_the_system_is_told_as_the_system_tells_it() -> None:
    assert describe(OSError(28, "No space left on device", "/data/李秀英.jpg")) == (
        "OSError(No space left on device) at "
    )
