"""Settings: off, complete or refused with one line; nothing is guessed."""

import re
from itertools import pairwise
from pathlib import Path

import pytest

from bot.settings import Settings, SettingsError, current_key, read, unknown_names

ROOT = Path(__file__).parent.parent
KEY = "bWFzaGFuZy1zYW5kYm94LW5vdC1hLXNlY3JldC1rZXk"
OLD_KEY = "bWFzaGFuZy1zYW5kYm94LXJvYm90LW5vdC1zZWNyZXQ"
OFFICIAL = {
    "WECHAT_APP_ID": "wx5a4d00000000cafe",
    "WECHAT_APP_SECRET": "0123456789abcdef",
    "WECHAT_TOKEN": "aToken",
    "WECHAT_AES_KEY": KEY,
}
AIBOT = {"AIBOT_ID": "aib1", "AIBOT_TOKEN": "aToken", "AIBOT_AES_KEY": KEY}


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def env(monkeypatch: pytest.MonkeyPatch) -> "Env":
    return Env(monkeypatch)


class Env:
    """Settings from an environment that holds `values` and nothing else of ours."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch

    def __call__(self, **values: str) -> Settings:
        for name, value in values.items():
            self._monkeypatch.setenv(f"MASHANG_{name}", value)
        return read()

    def error(self, **values: str) -> str:
        with pytest.raises(SettingsError) as refused:
            self(**values)
        return str(refused.value)


def test_without_settings_every_channel_is_off(env: Env) -> None:
    settings = env()
    assert (settings.has_official, settings.has_aibot, settings.base_url) == (
        False,
        False,
        "http://127.0.0.1:8000",
    )


def test_an_official_account_with_a_key_is_in_safe_mode_without_one_in_plain_mode(env: Env) -> None:
    assert env(**OFFICIAL).official_mode == "safe"
    assert env(WECHAT_MODE="compatible").official_mode == "compatible"
    assert env(WECHAT_MODE="", WECHAT_AES_KEY="").official_mode == "plain"


@pytest.mark.parametrize("left_out", ["WECHAT_APP_ID", "WECHAT_APP_SECRET", "WECHAT_TOKEN"])
def test_half_an_official_account_is_refused(env: Env, left_out: str) -> None:
    assert env.error(**{**OFFICIAL, left_out: ""}) == (
        f"公众号的设置不完整，还缺 MASHANG_{left_out}（不用公众号就把它的设置全部留空）"
    )


@pytest.mark.parametrize("left_out", list(AIBOT))
def test_half_an_aibot_is_refused(env: Env, left_out: str) -> None:
    assert env.error(**{**AIBOT, left_out: ""}) == (
        f"智能机器人的设置不完整，还缺 MASHANG_{left_out}（不用智能机器人就把它的设置全部留空）"
    )


def test_a_mode_that_encrypts_needs_a_key(env: Env) -> None:
    assert env.error(**{**OFFICIAL, "WECHAT_AES_KEY": "", "WECHAT_MODE": "safe"}) == (
        "公众号的设置不完整，还缺 MASHANG_WECHAT_AES_KEY（不用公众号就把它的设置全部留空）"
    )


def test_a_mode_alone_is_half_an_official_account(env: Env) -> None:
    assert env.error(WECHAT_MODE="plain") == (
        "公众号的设置不完整，还缺 MASHANG_WECHAT_APP_ID、MASHANG_WECHAT_APP_SECRET、MASHANG_WECHAT_TOKEN"
        "（不用公众号就把它的设置全部留空）"
    )


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("PORT", "abc", "要是 0 到 65535 的整数"),
        ("PORT", "65536", "要是 0 到 65535 的整数"),
        ("SANDBOX", "maybe", "要是 1 或 0"),
        ("WECHAT_MODE", "secret", "要是 plain、compatible、safe，或留空"),
        ("PUBLIC_URL", "gov.example.cn", "要是完整的网址，以 http:// 或 https:// 开头"),
        ("WECOM_API_BASE", "https://", "要是完整的网址，以 http:// 或 https:// 开头"),
        ("WECHAT_API_BASE", "http://[::1", "要是完整的网址，以 http:// 或 https:// 开头"),
        ("WECHAT_AES_KEY", KEY[:-1], "不对：应为管理后台给出的 43 个字母和数字"),
        ("WECHAT_AES_KEY", f"{KEY},short", "不对：应为管理后台给出的 43 个字母和数字"),
        ("AIBOT_AES_KEY", "钥" * 43, "不对：应为管理后台给出的 43 个字母和数字"),
        ("WECHAT_TOKEN", "有 空格", "只能有英文字母、数字和符号，请从管理后台重新复制"),
        ("DATABASE_URL", "sqlite:///:memory:", "要写一个文件，例如 sqlite:///mashang.db"),
        (
            "DATABASE_URL",
            "mysql://root@127.0.0.1/town",
            "要像 sqlite:///mashang.db 或 postgresql://用户:密码@主机/库（密码里的特殊字符写成 %xx）",
        ),
    ],
)
def test_a_malformed_value_is_named_in_one_line(env: Env, name: str, value: str, why: str) -> None:
    assert env.error(**{name: value}) == f"MASHANG_{name}：{why}"


def test_a_short_secret_is_refused(env: Env) -> None:
    assert env.error(SECRET_KEY="fifteen letters") == "MASHANG_SECRET_KEY 至少要 16 个字符"


def test_no_secret_is_repeated_in_an_error(env: Env) -> None:
    secrets = {"WECHAT_APP_SECRET": "秘密一二三", "AIBOT_AES_KEY": "wrongkey", "WECHAT_TOKEN": "a token"}
    error = env.error(**secrets)
    assert [value for value in secrets.values() if value in error] == []


@pytest.mark.parametrize(
    "given",
    ["postgres://u:p@db:5432/town", "postgresql://u:p@db:5432/town", "postgresql+psycopg://u:p@db:5432/town"],
)
def test_every_usual_postgresql_address_is_understood(env: Env, given: str) -> None:
    assert env(DATABASE_URL=given).database_url == "postgresql+psycopg://u:p@db:5432/town"


def test_a_postgresql_socket_needs_no_host(env: Env) -> None:
    assert env(DATABASE_URL="postgresql:///town").database_url == "postgresql+psycopg:///town"


def test_while_a_key_is_changed_both_stand_there_and_the_first_is_in_use(env: Env) -> None:
    settings = env(**{**OFFICIAL, "WECHAT_AES_KEY": f" {KEY} , {OLD_KEY} "})
    assert settings.wechat_aes_key == f"{KEY},{OLD_KEY}"
    assert current_key(settings.wechat_aes_key) == KEY


def test_an_empty_value_is_the_default_and_blanks_around_one_do_not_count(env: Env) -> None:
    settings = env(PORT="", DATABASE_URL="", SANDBOX="", PUBLIC_URL=" https://town.example.cn/ ")
    assert (settings.port, settings.database_url, settings.sandbox) == (8000, "sqlite:///mashang.db", False)
    assert settings.base_url == "https://town.example.cn"


def test_links_never_name_the_address_that_means_all(env: Env) -> None:
    assert env(HOST="0.0.0.0", PORT="81").base_url == "http://127.0.0.1:81"
    assert env(HOST="::").base_url == "http://[::1]:81"
    settings = env(PUBLIC_URL="https://town.example.cn")
    assert (settings.base_url, settings.local_url) == ("https://town.example.cn", "http://[::1]:81")


def test_the_env_file_is_read_and_the_environment_goes_first(env: Env, empty_folder: Path) -> None:
    (empty_folder / ".env").write_text('\ufeffMASHANG_PORT=81\nexport MASHANG_HOST="localhost" # ours\n')
    assert env().local_url == "http://localhost:81"
    assert env(PORT="82").local_url == "http://localhost:82"


def test_an_env_file_in_gbk_is_refused_in_one_line(empty_folder: Path) -> None:
    (empty_folder / ".env").write_bytes("# 设置\nMASHANG_PORT=81\n".encode("gbk"))
    for reading in (read, unknown_names):
        with pytest.raises(SettingsError, match=r"^\.env 不是 UTF-8 编码，请另存为 UTF-8$"):
            reading()


def test_names_that_nobody_knows_are_listed(empty_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (empty_folder / ".env").write_text(
        "# MASHANG_NOTE=1\nexport MASHANG_WECHAT_TOKN=x\nMASHANG_PORT=1\nOTHER=1\n"
    )
    monkeypatch.setenv("MASHANG_PROT", "80")
    monkeypatch.setenv("MASHANG_REQUIRE_NODE", "1")
    assert unknown_names() == ["MASHANG_PROT", "MASHANG_WECHAT_TOKN"]


def test_the_example_file_names_every_setting_in_order_with_its_default_and_its_comment() -> None:
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    example = [
        (above.removeprefix("# "), *line.split("=", 1)) for above, line in pairwise(lines) if "=" in line
    ]
    assert example == [
        (field.description, f"MASHANG_{name.upper()}", _written(field.default))
        for name, field in Settings.model_fields.items()
    ]


def test_every_comment_is_in_chinese_and_in_english() -> None:
    for name, field in Settings.model_fields.items():
        chinese, english = (field.description or "").split(" / ")
        assert re.search("[\u4e00-\u9fff]", chinese), name
        assert re.match("[A-Z企]", english), name


def test_the_example_file_as_it_stands_is_a_good_env_file(empty_folder: Path) -> None:
    (empty_folder / ".env").write_bytes((ROOT / ".env.example").read_bytes())
    assert (read(), unknown_names()) == (Settings(_env_file=None), [])


def _written(default: object) -> str:
    return str(default).lower() if isinstance(default, bool) else str(default)
