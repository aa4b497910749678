"""Benchmarks: the gateway beside whatsapp-web.js, in one run, on one page, browser and machine."""
