"""What every answer tells browsers: that nothing of it is to be run, framed, guessed at, kept or passed on."""

from typing import Final

type Fields = tuple[tuple[str, str], ...]

_POLICY: Final = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"
"""Of what isn't a page: files that somebody sent are served from here, too."""
_A_YEAR: Final = 31_536_000

_FIELDS: Final[Fields] = (
    ("cache-control", "no-store"),
    ("content-security-policy", _POLICY),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
)
_HSTS: Final[Fields] = (("strict-transport-security", f"max-age={_A_YEAR}"),)


def security_headers(*, over_tls: bool) -> Fields:
    """Those of an answer that has none of its own by these names.

    A browser that was served over TLS is told to come back by no other way. Where a proxy has the TLS, that is
    the proxy's to say: it alone knows whether all of the name is served so.
    """
    return (*_FIELDS, *(_HSTS if over_tls else ()))


def as_bytes(fields: Fields) -> tuple[tuple[bytes, bytes], ...]:
    """In the form of ASGI."""
    return tuple((name.encode("ascii"), value.encode("ascii")) for name, value in fields)
