"""Of every test run: while the tests are collected, what has been loaded isn't searched for garbage, nor later.

What Hypothesis tries may take its time: how fast a machine is that others use as well says nothing of the code.
"""

import gc
import os

from hypothesis import HealthCheck, settings

gc.disable()

if "CI" not in os.environ:
    # There Hypothesis has a profile of its own, which is the same in this.
    settings.register_profile("timeless", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("timeless")


def pytest_collection_finish() -> None:
    """Lets the collector work from here on. Thousands of tests and their modules stay; it need not go through them."""
    gc.collect()
    gc.freeze()
    gc.enable()
