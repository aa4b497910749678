"""Files of this machine in a page's hands."""

import secrets
from pathlib import Path

from playwright.async_api import CDPSession

from adapters.playwright.commands import PageGoneError


async def put(cdp: CDPSession, file: Path) -> str:
    """Puts a file, by its absolute path, into an input of the bridge's; gives the name by which the bridge has it.

    The browser reads it from the disk when the page asks for its bytes: none of it comes through this process.

    Raises:
        PageGoneError: there is no bridge in the page.
        Error: Playwright's: the page is gone.
    """
    token = secrets.token_hex(16)
    made = await cdp.send("Runtime.evaluate", {"expression": f"pomboFile('{token}')"})
    node = made["result"].get("objectId")
    if "exceptionDetails" in made or node is None:
        raise PageGoneError("the bridge isn't in the page")
    await cdp.send("DOM.setFileInputFiles", {"files": [str(file)], "objectId": node})
    # The bridge holds the input; the debugger needn't.
    await cdp.send("Runtime.releaseObject", {"objectId": node})
    return token
