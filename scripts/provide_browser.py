"""Finds the browser that the gateway will use, or unpacks the one from the npm packages, and says which it is."""

import asyncio
import sys
from pathlib import Path
from typing import Final

from adapters.playwright.browser import find_browser
from domain.errors import PomboError
from entrypoints.settings import load_settings

ROOT: Final = Path(__file__).resolve().parent.parent


def main() -> int:
    """Prints the browser's path and version."""
    try:
        settings = load_settings(ROOT / ".env")
        browser = asyncio.run(find_browser(settings.browser_path, settings.cache_dir, settings.web_dir))
    except PomboError as error:
        print(f"{error.reason}: {error.message}", file=sys.stderr)
        return 1
    print(f"{browser.kind.value} browser {browser.version}: {browser.path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
