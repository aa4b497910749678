"""Parameters of paths that stand beside words of their own."""

from typing import Final

from starlette.convertors import StringConvertor, register_url_convertor

MESSAGE: Final = "message"
"""Of a message's id: whatever isn't a name of another resource, so that those answer for their methods themselves."""


class _MessageConvertor(StringConvertor):
    regex = "(?!(?:send|bulk)$)[^/]+"


register_url_convertor(MESSAGE, _MessageConvertor())

MEDIA: Final = "media"
"""The same of a file's id."""


class _MediaConvertor(StringConvertor):
    regex = "(?!send$)[^/]+"


register_url_convertor(MEDIA, _MediaConvertor())
