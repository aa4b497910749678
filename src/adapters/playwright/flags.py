"""How the browser is started and what it says it is."""

import os
from typing import Any, Final

from adapters.playwright.browser import Browser

_DISABLED_FEATURES: Final = (
    # Playwright 1.65's own list. The last --disable-features on the command line wins, so ours must repeat it.
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsUpgrades",
    "HttpsFirstBalancedModeAutoEnable",
    "LensOverlay",
    "MediaRouter",
    "PaintHolding",
    "ThirdPartyStoragePartitioning",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "TcpPortRandomizationWin",
    "OptimizationHints",
    "NetworkTimeServiceQuerying",
    "AimEnabled",
    "PreconnectToSearch",
    # Renderers and pages of the browser's own interface that nobody sees: a third of the full browser's memory.
    "SpareRendererForSitePerProcess",
    "WebUIOmniboxPopup",
    "WebUIOmniboxAimPopup",
    "WebUIOmniboxFullPopup",
    "PreloadTopChromeWebUI",
    "Translate",
    "AutofillServerCommunication",
    "CertificateTransparencyComponentUpdater",
    "InterestFeedContentSuggestions",
)
_ENABLED_FEATURES: Final = (
    # Playwright's own, and the network service inside the browser's process.
    "CDPScreenshotNewSurface",
    "SkipListAccountsWithoutGaiaCookies",
    "NetworkServiceInProcess2",
)
_GREASE: Final = {"brand": "Not:A-Brand", "version": "8"}
_NOWHERE: Final = "~NOTFOUND"


def user_agent(browser: Browser) -> str:
    """What the plain Chromium of this version says it is: the reduced form, without ``Headless``."""
    engine = "AppleWebKit/537.36 (KHTML, like Gecko)"
    return f"Mozilla/5.0 (X11; Linux x86_64) {engine} Chrome/{browser.major}.0.0.0 Safari/537.36"


def user_agent_override(browser: Browser) -> dict[str, Any]:
    """Parameters of CDP ``Emulation.setUserAgentOverride``: client hints of the plain browser.

    The headless shell calls itself ``HeadlessChrome`` there whatever ``--user-agent`` says.
    """
    return {
        "userAgent": user_agent(browser),
        "acceptLanguage": "en-US,en",
        "platform": "Linux x86_64",
        "userAgentMetadata": {
            "brands": [_GREASE, {"brand": "Chromium", "version": browser.major}],
            "fullVersionList": [
                {"brand": _GREASE["brand"], "version": "8.0.0.0"},
                {"brand": "Chromium", "version": browser.version},
            ],
            "platform": "Linux",
            "platformVersion": "",
            "architecture": "x86",
            "bitness": "64",
            "model": "",
            "mobile": False,
            "wow64": False,
        },
    }


def launch_arguments(browser: Browser, hosts: tuple[str, ...]) -> list[str]:
    """The command line beyond Playwright's own: little memory, no sound, no name resolved but those of ``hosts``."""
    exceptions = "".join(f" , EXCLUDE {host}" for host in hosts)
    return [
        f"--disable-features={','.join(_DISABLED_FEATURES)}",
        f"--enable-features={','.join(_ENABLED_FEATURES)}",
        # Local storage, where a login's keys are, gets to disk within a second of a change. By itself Chromium waits
        # for five seconds the first time and up to a minute then, and a killed browser has lost it.
        "--enable-aggressive-domstorage-flushing",
        "--in-process-gpu",
        "--mute-audio",
        "--no-pings",
        # WebRTC passes by the rules for names with its datagrams; a gateway makes no calls.
        "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
        "--disable-domain-reliability",
        f"--user-agent={user_agent(browser)}",
        "--lang=en-US",
        f"--host-resolver-rules=MAP * {_NOWHERE}{exceptions}",
    ]


def wants_chromium_sandbox(setting: bool | None) -> bool:  # noqa: FBT001 - the setting's own form
    """Whether Chromium's process sandbox is on: as set, else unless we are root, as whom it doesn't start."""
    return os.geteuid() != 0 if setting is None else setting
