"""Kinds of content, by their public names."""

from collections.abc import Iterable
from typing import Final

from application.representation.content import CONTENT_FORMS
from domain.errors import InvalidArgumentError

_KNOWN: Final = frozenset(form.name for form in CONTENT_FORMS)


def parse_content_types(names: Iterable[str], *, field: str = "types") -> frozenset[str]:
    """The kinds with these names.

    Raises:
        InvalidArgumentError: ``UNKNOWN_CONTENT_TYPE``.
    """
    given = frozenset(names)
    if not given <= _KNOWN:
        raise InvalidArgumentError(
            "UNKNOWN_CONTENT_TYPE", f"There are the types {', '.join(sorted(_KNOWN))}.", field=field
        )
    return given
