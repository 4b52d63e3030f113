"""Encryption code that nobody here wrote drives both callbacks, there and back."""

import fcntl
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from bot.envelope import signature
from bot.sandbox.wire import aibot_text, text_fields, to_xml
from tests.callbacks import AIBOT, AIBOT_ID, AT, NONCE, OFFICIAL, Bot

FOLDER = Path(__file__).parent / "node"
INSTALL_SECONDS = 120
RUN_SECONDS = 30


@pytest.fixture(scope="session")
def _packages() -> None:
    """The npm packages of tests/node, fetched once; without Node a skip, a failure where it is required."""
    with (FOLDER / "package.json").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two pytest workers must not install at once
        installed = (FOLDER / "node_modules" / ".package-lock.json").exists()
        why = "" if installed else _install()
    if why and os.environ.get("MASHANG_REQUIRE_NODE") == "1":
        pytest.fail(why)
    if why:
        pytest.skip(why)


def _install() -> str:
    """Why the packages could not be installed, "" when they were."""
    if not shutil.which("node") or not shutil.which("npm"):
        return "Node or npm is not installed"
    command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
    try:
        run = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, timeout=INSTALL_SECONDS)
    except subprocess.TimeoutExpired:
        return f"npm ci took more than {INSTALL_SECONDS} s"
    return f"npm ci failed: {run.stderr[-300:]}" if run.returncode else ""


def node(script: str, step: str, **given: str) -> dict[str, Any]:
    command = ["node", "--no-deprecation", script, step]
    run = subprocess.run(
        command, cwd=FOLDER, input=json.dumps(given), capture_output=True, text=True, timeout=RUN_SECONDS
    )
    assert run.returncode == 0, run.stderr
    answer: dict[str, Any] = json.loads(run.stdout)
    return answer


@pytest.mark.usefixtures("_packages")
@pytest.mark.parametrize("text", ["幸福社区3号楼井盖破了", "a]]>b & <c> 😀", "长" * 600])
def test_npm_wechat_crypto_reports_to_the_official_account_and_reads_the_answer(text: str) -> None:
    bot = Bot(says=f"收到：{text}")
    message = to_xml(text_fields("gh_town", "o-zhang", text, 77, AT)).decode()
    ours = {"token": OFFICIAL.token, "key": OFFICIAL.aes_key, "id": OFFICIAL.app_id}
    pushed = node(
        "official.js", "seal", **ours, message=message, us="gh_town", timestamp=str(AT), nonce=NONCE
    )
    query = {
        "signature": signature(OFFICIAL.token, str(AT), NONCE),
        "timestamp": str(AT),
        "nonce": NONCE,
        "encrypt_type": "aes",
        "msg_signature": pushed["msg_signature"],
    }

    answer = bot.send("POST", "/wechat/official", query, pushed["body"].encode())

    assert [(message.id, message.account, message.text) for message in bot.received] == [
        ("77", "o-zhang", text)
    ]
    opened = node("official.js", "open", **ours, body=answer.text)
    assert (opened["signed"], opened["id"]) == (True, OFFICIAL.app_id)
    content = opened["message"].split("<Content><![CDATA[")[1].removesuffix("]]></Content></xml>")
    assert content.replace("]]]]><![CDATA[>", "]]>") == f"收到：{text}"


@pytest.mark.usefixtures("_packages")
def test_npm_wecom_crypto_speaks_to_the_robot_in_a_group_and_reads_the_answer() -> None:
    bot = Bot(says="已记录，辛苦了。")
    message = json.dumps(aibot_text("zhangsan", "group-1", "@码上办 今日平安", "m-1", AIBOT_ID))
    ours = {"token": AIBOT.token, "key": AIBOT.aes_key}
    pushed = node("aibot.js", "seal", **ours, message=message, timestamp=str(AT), nonce=NONCE)
    query = {"msg_signature": pushed["msg_signature"], "timestamp": str(AT), "nonce": NONCE}

    answer = bot.send("POST", "/wechat/aibot", query, pushed["body"].encode())

    assert [(message.id, message.account, message.chat, message.text) for message in bot.received] == [
        ("m-1", "zhangsan", "group-1", "今日平安")
    ]
    opened = node("aibot.js", "open", **ours, body=answer.text)
    assert (opened["signed"], opened["id"]) == (True, "")
    stream = {"id": "m-1", "finish": True, "content": "已记录，辛苦了。"}
    assert json.loads(opened["message"]) == {"msgtype": "stream", "stream": stream}


@pytest.mark.usefixtures("_packages")
def test_npm_wecom_crypto_verifies_the_robots_address() -> None:
    ours = {"token": AIBOT.token, "key": AIBOT.aes_key}
    sealed = node("aibot.js", "seal", **ours, message="1616140317555161061", timestamp=str(AT), nonce=NONCE)
    query = {
        "msg_signature": sealed["msg_signature"],
        "timestamp": str(AT),
        "nonce": NONCE,
        "echostr": sealed["encrypt"],
    }
    answer = Bot().send("GET", "/wechat/aibot", query)
    assert (answer.status_code, answer.text) == (200, "1616140317555161061")
