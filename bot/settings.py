"""Settings, read once from the environment and .env; a wrong one stops the start with one clear line."""

import base64
import binascii
import os
import re
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "MASHANG_"
LOOPBACK = ("127.0.0.1", "localhost", "::1")
# Switches of the test bed, not of the server; they share the prefix and are no mistake.
TEST_SWITCHES = {"MASHANG_REQUIRE_BROWSER", "MASHANG_REQUIRE_POSTGRES", "MASHANG_REQUIRE_NODE"}
Mode = Literal["plain", "compatible", "safe"]


class SettingsError(Exception):
    """One line that says which setting is wrong and how to mend it."""


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix=PREFIX, env_file=".env", extra="ignore")

    database_url: str = Field("sqlite:///mashang.db", description="SQLite 文件或 PostgreSQL 地址")
    host: str = Field("127.0.0.1", description="监听地址")
    port: int = Field(8000, description="监听端口", ge=0, le=65535)
    public_url: str = Field("", description="居民扫码打开的网址，留空时用监听地址")
    secret_key: str = Field("", description="签名和取货码的密钥，至少 16 个字符；留空时自动生成并存入数据库")
    rules_dir: Path = Field(Path("rules"), description="规则文件夹")
    sandbox: bool = Field(False, description="沙箱：示例县和微信替身，只能在本机使用")

    wechat_app_id: str = Field("", description="公众号 AppID")
    wechat_app_secret: str = Field("", description="公众号 AppSecret，取图片和发客服消息要用")
    wechat_token: str = Field("", description="公众号服务器配置里的 Token")
    wechat_aes_key: str = Field("", description="公众号 EncodingAESKey，43 个字符")
    wechat_mode: Mode | Literal[""] = Field("", description="消息加解密方式，留空时有密钥即为 safe")
    wechat_api_base: str = Field("https://api.weixin.qq.com", description="公众号接口地址")

    wecom_api_base: str = Field("", description="替换所有群机器人地址的协议和主机，留空不替换")
    aibot_id: str = Field("", description="企业微信智能机器人 ID")
    aibot_token: str = Field("", description="智能机器人回调 Token")
    aibot_aes_key: str = Field("", description="智能机器人回调 EncodingAESKey，43 个字符")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.secret_key and len(self.secret_key) < 16:
            raise ValueError("MASHANG_SECRET_KEY 至少要 16 个字符")
        for name in ("public_url", "wechat_api_base", "wecom_api_base"):
            value = getattr(self, name)
            if value and urlsplit(value).scheme not in ("http", "https"):
                raise ValueError(f"{PREFIX}{name.upper()} 要以 http:// 或 https:// 开头")
        self._check_official()
        self._check_aibot()
        return self

    def _check_official(self) -> None:
        given = [self.wechat_app_id, self.wechat_app_secret, self.wechat_token, self.wechat_aes_key]
        if not any(given):
            if self.wechat_mode:
                raise ValueError("MASHANG_WECHAT_MODE 有值，但公众号的其它设置都是空的")
            return
        _complete(self, "wechat_app_id", "wechat_token")
        if self.wechat_mode in ("safe", "compatible"):
            _complete(self, "wechat_aes_key")
        if self.wechat_aes_key:
            check_aes_key("MASHANG_WECHAT_AES_KEY", self.wechat_aes_key)

    def _check_aibot(self) -> None:
        if any([self.aibot_id, self.aibot_token, self.aibot_aes_key]):
            _complete(self, "aibot_id", "aibot_token", "aibot_aes_key")
            check_aes_key("MASHANG_AIBOT_AES_KEY", self.aibot_aes_key)

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
    def base_url(self) -> str:
        """Where residents reach us, without a slash at the end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return (self.public_url or f"http://{host}:{self.port}").rstrip("/")


def _complete(settings: Settings, *names: str) -> None:
    missing = [PREFIX + name.upper() for name in names if not getattr(settings, name)]
    if missing:
        raise ValueError(f"设置不完整，还缺 {'、'.join(missing)}；不用这个渠道就把它的设置全部留空")


def check_aes_key(name: str, key: str) -> None:
    """Raise ValueError unless `key` is 43 characters that decode to 32 bytes, as Tencent gives them."""
    try:
        size = len(base64.b64decode(key + "=", validate=True))
    except binascii.Error:
        size = 0
    if len(key) != 43 or size != 32:
        raise ValueError(f"{name} 不对：应为管理后台给出的 43 个字母和数字")


def read(**given: object) -> Settings:
    """Settings from `given`, the environment and .env, in this order.

    Raises SettingsError with one line in Chinese that names the setting.
    """
    try:
        return Settings(**given)  # type: ignore[arg-type]
    except ValueError as error:
        raise SettingsError(_one_line(error)) from None


def _one_line(error: ValueError) -> str:
    details: list[dict[str, Any]] = getattr(error, "errors", list)()
    lines = []
    for detail in details:
        where = "_".join(str(part) for part in detail["loc"]).upper()
        text = re.sub(r"^Value error, ", "", detail["msg"])
        lines.append(f"{PREFIX}{where}：{text}" if where else text)
    return "；".join(lines) or str(error)


def unknown_names() -> list[str]:
    """MASHANG_ names in the environment or .env that no setting answers to: most likely typing errors."""
    known = {PREFIX + name.upper() for name in Settings.model_fields} | TEST_SWITCHES
    names = {name for name in os.environ if name.upper().startswith(PREFIX)}
    env_file = Path(".env")
    if env_file.exists():
        lines = env_file.read_text(encoding="utf-8").splitlines()
        names |= {line.split("=", 1)[0].strip() for line in lines if line.strip().startswith(PREFIX)}
    return sorted(name for name in names if name.upper() not in known)
