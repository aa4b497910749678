"""What schemathesis can't know of the document: loaded by it, not by the tests."""

import os
from typing import Any

import schemathesis

_STARTS_NOTHING = os.environ.get("FUZZ_STARTS_NOTHING") == "1"


@schemathesis.hook
def before_load_schema(_context: Any, raw_schema: dict[str, Any]) -> None:
    """Leaves out what a made-up value can't be right for, whatever its form."""
    for path in raw_schema["paths"].values():
        for operation in path.values():
            parameters = operation.get("parameters", [])
            # Opaque: one that isn't of the list before is refused.
            operation["parameters"] = [each for each in parameters if each["name"] != "page_token"]
            # Forms with files have tests of their own: what is made up is no file of the kind that is named.
            content = operation.get("requestBody", {}).get("content", {})
            if len(content) > 1:
                content.pop("multipart/form-data", None)
    schemas = raw_schema["components"]["schemas"]
    for field in ("not_before", "deadline"):
        # They must lie ahead, and not too far.
        del schemas["SendMessageRequest"]["properties"][field]
    # A cursor beyond the log's end is refused.
    schemas["ReplayRequest"]["properties"]["after"]["enum"] = [0, None]
    if _STARTS_NOTHING:
        created = schemas["CreateSessionRequest"]
        created["properties"]["start"] = {"const": False}
        created["required"] = [*created.get("required", []), "start"]
