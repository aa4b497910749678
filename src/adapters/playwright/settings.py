"""What the driver is told."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from adapters.playwright.assets import BridgeAssets
from adapters.playwright.browser import Browser
from adapters.playwright.confinement import origin_of
from adapters.playwright.wajs import WajsSettings
from domain.errors import InvalidArgumentError

LIVE_URL: Final = "https://web.whatsapp.com/"
_LIVE_HOST: Final = "web.whatsapp.com"
_LIVE_HOSTS: Final = ("*.whatsapp.com", "*.whatsapp.net", "*.fbcdn.net")
"""What the live page loads from and talks to; everything else stays unresolved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverSettings:
    """The driver's settings.

    Attributes:
        browser: the browser to start; None starts without one, and ``open`` answers ``BROWSER_MISSING``.
        profiles: directory of the sessions' profiles, one each; made with mode 0700.
        wajs: which wa-js each session runs; None means the pinned one.
        bridges: directory of what is remembered of builds of wa-js; None means one beside the profiles.
        web_url: the site; the live one unless a sandbox is meant.
        chromium_sandbox: Chromium's own process sandbox; None leaves it on unless we are root, where it can't be.
        load_timeout: how long the page's first answer may take.
        reload_timeout: the same for a page that is loaded anew: one that is wedged mustn't be waited for longer.
        bridge_timeout: how long wa-js and the bridge may take to come up in a page that answered.
        command_timeout: how long the page may take to answer a question of ours.
        send_timeout: how long WhatsApp may take to acknowledge a message before its fate counts as unknown.
        media_timeout: how long WhatsApp may take to give a file, however large.
        upload_rate: bytes a second; the slowest upload that is waited for, beyond ``send_timeout``.
        lookup_timeout: how long WhatsApp may take to look a number up.
        logout_timeout: how long the page may take to confirm a logout.
        pairing_code_lifetime: how long a pairing code holds (WhatsApp Web renews its own after about three minutes).
        close_timeout: how long a browser may take to close before it is killed.
        grace: how long a connection may be away before it is told as lost.
        memory_limit: most bytes that a session's browser should take; None sets no limit.
        memory_check: between two looks at that.
        first_connection: the same for a page that is linked and hasn't been connected yet.
        max_image_bytes: the largest image of a profile that is taken or restored.
    """

    browser: Browser | None
    profiles: Path
    assets: BridgeAssets
    wajs: WajsSettings | None = None
    bridges: Path | None = None
    web_url: str = LIVE_URL
    headless: bool = True
    chromium_sandbox: bool | None = None
    load_timeout: timedelta = timedelta(seconds=45)
    reload_timeout: timedelta = timedelta(seconds=20)
    bridge_timeout: timedelta = timedelta(seconds=60)
    command_timeout: timedelta = timedelta(seconds=20)
    send_timeout: timedelta = timedelta(seconds=30)
    media_timeout: timedelta = timedelta(minutes=10)
    upload_rate: int = 256 * 1024
    lookup_timeout: timedelta = timedelta(seconds=10)
    logout_timeout: timedelta = timedelta(seconds=20)
    pairing_code_lifetime: timedelta = timedelta(seconds=160)
    close_timeout: timedelta = timedelta(seconds=10)
    grace: timedelta = timedelta(seconds=4)
    memory_limit: int | None = None
    memory_check: timedelta = timedelta(minutes=1)
    first_connection: timedelta = timedelta(seconds=30)
    max_image_bytes: int = 256 * 1024 * 1024

    def __post_init__(self) -> None:
        parts = urlsplit(self.web_url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise InvalidArgumentError(
                "INVALID_WEB_URL", "WHATSAPP_WEB_URL must be an http or https address.", field="WHATSAPP_WEB_URL"
            )

    @property
    def builds(self) -> WajsSettings:
        """Which wa-js each session is to run."""
        return self.wajs or WajsSettings(pinned=self.assets.wajs)

    @property
    def bridge_records(self) -> Path:
        """The directory of what is remembered of builds of wa-js."""
        return self.bridges or self.profiles.with_name(f"{self.profiles.name}-bridges")

    @property
    def origin(self) -> str:
        """The site's origin as the page's own ``location.origin`` tells it."""
        return origin_of(self.web_url) or self.web_url

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts that the browser may resolve; patterns as in ``--host-resolver-rules``."""
        host = urlsplit(self.web_url).hostname or ""
        return (host, *_LIVE_HOSTS) if host == _LIVE_HOST else (host,)
