"""Of every test run: while the tests are collected, what has been loaded isn't searched for garbage, nor later."""

import gc

gc.disable()


def pytest_collection_finish() -> None:
    """Lets the collector work from here on. Thousands of tests and their modules stay; it need not go through them."""
    gc.collect()
    gc.freeze()
    gc.enable()
