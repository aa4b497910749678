"""The program that a test starts: ``armed_gateway``, loaded as ``pombo`` loads what it runs."""

import asyncio
import gc

import uvloop

if __name__ == "__main__":
    gc.disable()
    from tests.integration.gateway.armed_gateway import main

    asyncio.run(main(), loop_factory=uvloop.new_event_loop)
