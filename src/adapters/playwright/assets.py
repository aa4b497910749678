"""The scripts that go into the page."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from adapters.playwright.wajs import SCRIPT
from domain.errors import UnavailableError

BINDING: Final = "pomboBridgeEmit"
"""Name of the CDP binding; the bridge takes it out of the page's sight."""

_WAJS: Final = Path("node_modules/@wppconnect/wa-js") / SCRIPT
_BRIDGE: Final = Path("dist/bridge.js")
_CONFIG: Final[dict[str, object]] = {
    # Both would tell third parties of the account's traffic (wa-js's own defaults).
    "disableGoogleAnalytics": True,
    "googleAnalyticsId": None,
    "linkPreviewApiServers": [],
    "poweredBy": None,
    "sendStatusToDevice": False,
    # The device's name on the phone stays the page's own.
    "deviceName": False,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeAssets:
    """Paths of the two scripts: wa-js as its npm package has it, and our bridge as built by ``web/build.mjs``."""

    wajs: Path
    bridge: Path


def find_assets(web_dir: Path) -> BridgeAssets:
    """Finds the scripts below the repository's ``web`` directory.

    Raises:
        UnavailableError: ``BRIDGE_MISSING``.
    """
    assets = BridgeAssets(wajs=web_dir / _WAJS, bridge=web_dir / _BRIDGE)
    for path in (assets.wajs, assets.bridge):
        if not path.is_file():
            raise UnavailableError("BRIDGE_MISSING", f"{path} is missing; run `make setup`.")
    return assets


def init_script(assets: BridgeAssets, wajs: str, *, origin: str, grace_ms: int, first_connection_ms: int) -> str:
    """The script to run at the start of each document: configuration, wa-js unmodified (its text), the bridge.

    It does nothing in frames and on other origins, and nothing twice.

    Raises:
        UnavailableError: ``BRIDGE_MISSING``.
    """
    try:
        bridge = assets.bridge.read_text(encoding="utf-8")
    except OSError as error:
        raise UnavailableError("BRIDGE_MISSING", f"{error.filename} is missing; run `make setup`.") from error
    config = {"binding": BINDING, "graceMs": grace_ms, "firstConnectionMs": first_connection_ms}
    return "\n".join(
        (
            f"if (window.top === window && location.origin === {json.dumps(origin)} && !window.pomboBridge) {{",
            f"globalThis.WPPConfig = {json.dumps(_CONFIG)};",
            f"globalThis.pomboBridgeConfig = {json.dumps(config)};",
            wajs,
            ";",
            bridge,
            f"delete globalThis.{BINDING};",
            "}",
        )
    )
