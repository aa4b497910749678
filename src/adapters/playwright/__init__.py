"""WhatsApp Web in Chromium, driven by Playwright through wa-js and the bridge of ``web/bridge``."""
