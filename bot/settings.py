"""Settings, read once from the environment and .env; a wrong one stops the start with one clear line."""

import base64
import binascii
import os
import re
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "MASHANG_"
ENV_FILE = Path(".env")
ENV_ENCODING = "utf-8-sig"  # Windows editors put a mark at the beginning
LOOPBACK = ("127.0.0.1", "localhost", "::1")
SECRET_CHARS_MIN = 16
POSTGRES = "postgresql+psycopg://"
# Switches of the test bed, not of the server; they share the prefix and are no mistake.
TEST_SWITCHES = {"MASHANG_REQUIRE_BROWSER", "MASHANG_REQUIRE_POSTGRES", "MASHANG_REQUIRE_NODE"}
Mode = Literal["plain", "compatible", "safe"]


class SettingsError(Exception):
    """One line that says which setting is wrong and how to mend it."""


class Settings(BaseSettings):
    """A description is the comment that .env.example carries: Chinese, then English."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=ENV_FILE,
        env_file_encoding=ENV_ENCODING,
        env_ignore_empty=True,
        extra="ignore",
        str_strip_whitespace=True,
    )

    database_url: str = Field(
        "sqlite:///mashang.db",
        description="SQLite 文件，或 postgresql://用户:密码@主机/库 / A SQLite file or a PostgreSQL address",
    )
    host: str = Field("127.0.0.1", description="监听地址 / Address to listen on")
    port: int = Field(8000, description="监听端口 / Port to listen on", ge=0, le=65535)
    public_url: str = Field(
        "",
        description="居民扫码打开的网址，留空时用监听地址 / What residents reach us by; empty: host and port",
    )
    secret_key: str = Field(
        "",
        description="给邀请码、取货码签名的密钥，至少 16 个字符，留空时自动生成并存入数据库"
        " / Signs codes and links; empty: made once and kept in the database",
    )
    rules_dir: Path = Field(Path("rules"), description="规则文件夹 / Folder of the rule files")
    sandbox: bool = Field(
        False,
        description="沙箱：示例县和微信替身，只能在本机使用 / A sample county and a stand-in for WeChat",
    )

    wechat_app_id: str = Field("", description="公众号 AppID / Official account: AppID")
    wechat_app_secret: str = Field(
        "",
        description="公众号 AppSecret，取照片、发客服消息要用 / AppSecret, for photos and customer messages",
    )
    wechat_token: str = Field("", description="公众号“服务器配置”里的 Token / Token of its callback")
    wechat_aes_key: str = Field(
        "",
        description="公众号 EncodingAESKey，43 个字符；更换时写“新,旧”"
        " / EncodingAESKey; while it is being changed: new,old",
    )
    wechat_mode: Mode | Literal[""] = Field(
        "",
        description="消息加解密方式 plain、compatible 或 safe，留空时有密钥即为 safe"
        " / Encryption; empty: safe where there is a key",
    )
    wechat_api_base: str = Field(
        "https://api.weixin.qq.com", description="公众号接口地址 / Address of its interface"
    )

    wecom_api_base: str = Field(
        "",
        description="替换所有群机器人地址的协议和主机，留空不替换"
        " / Replaces scheme and host of every group webhook",
    )
    aibot_id: str = Field("", description="企业微信智能机器人 ID / 企业微信 AI bot: its id")
    aibot_token: str = Field("", description="智能机器人回调 Token / Token of its callback")
    aibot_aes_key: str = Field(
        "",
        description="智能机器人回调 EncodingAESKey，43 个字符；更换时写“新,旧” / Its EncodingAESKey",
    )

    @field_validator("database_url")
    @classmethod
    def _database(cls, value: str) -> str:
        for short in ("postgres://", "postgresql://"):
            if value.startswith(short):
                value = POSTGRES + value.removeprefix(short)
        file = value.removeprefix("sqlite:///")
        if value != file:
            if file in ("", ":memory:"):
                raise ValueError("要写一个文件，例如 sqlite:///mashang.db")
        elif not value.startswith(POSTGRES) or _host(value) is None:
            raise ValueError(
                "要像 sqlite:///mashang.db 或 postgresql://用户:密码@主机/库（密码里的特殊字符写成 %xx）"
            )
        return value

    @field_validator("public_url", "wechat_api_base", "wecom_api_base")
    @classmethod
    def _url(cls, value: str) -> str:
        if value and not (value.startswith(("http://", "https://")) and _host(value)):
            raise ValueError("要是完整的网址，以 http:// 或 https:// 开头")
        return value.rstrip("/")

    @field_validator("wechat_aes_key", "aibot_aes_key")
    @classmethod
    def _aes_key(cls, value: str) -> str:
        keys = [key.strip() for key in value.split(",")] if value else []
        for key in keys:
            _check_aes_key(key)
        return ",".join(keys)

    @field_validator("wechat_app_id", "wechat_app_secret", "wechat_token", "aibot_id", "aibot_token")
    @classmethod
    def _copied(cls, value: str) -> str:
        if not re.fullmatch(r"[!-~]*", value):
            raise ValueError("只能有英文字母、数字和符号，请从管理后台重新复制")
        return value

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.secret_key and len(self.secret_key) < SECRET_CHARS_MIN:
            raise ValueError(f"{PREFIX}SECRET_KEY 至少要 {SECRET_CHARS_MIN} 个字符")
        encrypted = ("wechat_aes_key",) if self.official_mode != "plain" or self.wechat_aes_key else ()
        official = ("wechat_app_id", "wechat_app_secret", "wechat_token", *encrypted)
        self._all_or_none("公众号", *official, is_begun=bool(self.wechat_mode))
        self._all_or_none("智能机器人", "aibot_id", "aibot_token", "aibot_aes_key")
        return self

    def _all_or_none(self, channel: str, *names: str, is_begun: bool = False) -> None:
        missing = [PREFIX + name.upper() for name in names if not getattr(self, name)]
        if missing and (is_begun or len(missing) < len(names)):
            raise ValueError(
                f"{channel}的设置不完整，还缺 {'、'.join(missing)}（不用{channel}就把它的设置全部留空）"
            )

    @property
    def official_mode(self) -> Mode:
        """How official-account messages are encrypted; safe is the default with an AES key."""
        return self.wechat_mode or ("safe" if self.wechat_aes_key else "plain")

    @property
    def has_official(self) -> bool:
        return bool(self.wechat_token)

    @property
    def has_aibot(self) -> bool:
        return bool(self.aibot_token)

    @property
    def local_url(self) -> str:
        """Where this machine reaches us, without a slash at the end."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104 - read, not bound
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    @property
    def base_url(self) -> str:
        """Where residents reach us, without a slash at the end."""
        return self.public_url or self.local_url


# What a value that is no text must be; pydantic's own words are English and for programmers.
_WANTED = {
    "port": "要是 0 到 65535 的整数",
    "sandbox": "要是 1 或 0",
    "wechat_mode": "要是 plain、compatible、safe，或留空",
}


def _host(url: str) -> str | None:
    """The host that a URL names, "" for none; None where the URL cannot be read."""
    try:
        parts = urlsplit(url)
        return None if parts.port == 0 else parts.hostname or ""
    except ValueError:
        return None


def _check_aes_key(key: str) -> None:
    """Raise ValueError unless `key` is 43 characters that decode to 32 bytes, as Tencent gives them."""
    try:
        size = len(base64.b64decode(key + "=", validate=True))
    except (binascii.Error, ValueError):
        size = 0
    if len(key) != 43 or size != 32:
        raise ValueError("不对：应为管理后台给出的 43 个字母和数字")


def current_key(keys: str) -> str:
    """The key in use of "new,old"."""
    return keys.partition(",")[0]


def read(**given: object) -> Settings:
    """Settings from `given`, the environment and .env, in this order.

    Raises SettingsError with one line in Chinese that names the setting.
    """
    try:
        return Settings(**given)  # type: ignore[arg-type]
    except UnicodeDecodeError:
        raise SettingsError(_NOT_UTF8) from None
    except ValueError as error:
        raise SettingsError(_one_line(error)) from None


_NOT_UTF8 = f"{ENV_FILE} 不是 UTF-8 编码，请另存为 UTF-8"


def _one_line(error: ValueError) -> str:
    details: list[dict[str, Any]] = getattr(error, "errors", list)()
    lines = []
    for detail in details:
        names = [str(part) for part in detail["loc"][:1]]
        text = next((_WANTED[name] for name in names if name in _WANTED), detail["msg"])
        lines.append(
            "：".join([*(PREFIX + name.upper() for name in names), text.removeprefix("Value error, ")])
        )
    return "；".join(dict.fromkeys(lines)) or str(error)


def unknown_names() -> list[str]:
    """MASHANG_ names in the environment or .env that no setting answers to: most likely typing errors."""
    known = {PREFIX + name.upper() for name in Settings.model_fields} | TEST_SWITCHES
    try:
        names = {*os.environ, *(dotenv_values(ENV_FILE, encoding=ENV_ENCODING) if ENV_FILE.is_file() else ())}
    except UnicodeDecodeError:
        raise SettingsError(_NOT_UTF8) from None
    return sorted(name for name in names if name.upper().startswith(PREFIX) and name.upper() not in known)
