"""`mashang replay` plays a file of real texts to a server and tells truly what came of it."""

from pathlib import Path

import pytest

from tests.commands import RULES, SANDBOX, run, serving

REPORTS = "id,title\n" + "".join(f"{n},{n}号楼门口的路灯坏了\n" for n in range(30)) + "30,\n31,  \n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "reports.csv"
    file.write_text(REPORTS, encoding="utf-8")
    return file


def test_every_row_becomes_a_case_and_a_second_delivery_brings_the_same_answer(
    sandbox: Path, file: Path
) -> None:
    with serving(sandbox) as server:
        command = ["replay", str(file), "--column", "title", "--url", server.url]
        done = run(*command, "--twice", cwd=sandbox)
        assert (done.status, done.out.split("；")[:2]) == (
            0,
            ["发出 60，得到回答 60，失败 0，两次回答不同 0", "编号 30 个"],
        )
        assert "60/60" in done.err
        again = run(*command, "--limit", "5", cwd=sandbox)
        assert again.out.split("；")[:2] == ["发出 5，得到回答 5，失败 0，两次回答不同 0", "编号 5 个"]
        exported = run("export", "cases", cwd=sandbox)
        assert exported.out.count("\n") == 35


def test_a_file_that_excel_saved_in_gbk_is_played(sandbox: Path, file: Path) -> None:
    file.write_bytes(REPORTS.replace("\n", "\r\n").encode("gbk"))
    with serving(sandbox) as server:
        run("replay", str(file), "--column", "title", "--url", server.url, "--limit", "1", cwd=sandbox)
        assert "0号楼门口的路灯坏了" in run("export", "cases", cwd=sandbox).out


def test_wrong_keys_are_the_reason_that_is_told(sandbox: Path, file: Path) -> None:
    keys = {
        "MASHANG_WECHAT_APP_ID": "wx0123456789abcdef",
        "MASHANG_WECHAT_APP_SECRET": "our-own-secret",
        "MASHANG_WECHAT_TOKEN": "ourOwnToken",
        "MASHANG_WECHAT_AES_KEY": "bWFzaGFuZy1zYW5kYm94LXJvYm90LW5vdC1zZWNyZXQ",
    }
    with serving(sandbox, SANDBOX) as server:
        done = run(
            "replay", str(file), "--column", "title", "--url", server.url, cwd=sandbox, env={**RULES, **keys}
        )
    assert done.status == 1
    assert done.out.startswith("发出 30，得到回答 0，失败 30（HTTP 403 ")


@pytest.mark.parametrize(
    ("content", "column", "why"),
    [
        (REPORTS.encode(), "标题", "reports.csv 没有 标题 这一列，有：id、title\n"),
        (b"", "title", "reports.csv 没有 title 这一列，有：\n"),
        (b"title\n\xff\xff\xff\n", "title", "reports.csv 的编码不对，请另存为 UTF-8 的 CSV\n"),
        (
            REPORTS.encode(),
            "title",
            "连不上 http://127.0.0.1:1（ConnectError），请先启动服务：mashang serve\n",
        ),
    ],
)
def test_what_cannot_be_played_is_said_at_once(
    tmp_path: Path, file: Path, content: bytes, column: str, why: str
) -> None:
    file.write_bytes(content)
    done = run("replay", str(file), "--column", column, "--url", "http://127.0.0.1:1", cwd=tmp_path)
    assert (done.status, done.out, done.err) == (2, "", why)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    done = run("replay", "none.csv", "--column", "title", "--url", "http://127.0.0.1:1", cwd=tmp_path)
    assert (done.status, done.err) == (2, "读不了 none.csv：No such file or directory\n")
