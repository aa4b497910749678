"""Whether the site answers, and what time it has."""

import asyncio
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import urlsplit

import aiohttp

from domain.errors import UnavailableError

_PATIENCE: Final = aiohttp.ClientTimeout(total=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteAnswer:
    """What it answered.

    Attributes:
        ahead: by how many seconds its clock is ahead of this machine's; None where it didn't tell.
    """

    status: int
    ahead: float | None


async def probe_site(url: str) -> SiteAnswer:
    """Asks for a page once, through the proxy that the environment names, and follows nothing.

    Raises:
        UnavailableError: ``PAGE_UNREACHABLE``: no answer.
    """
    host = urlsplit(url).hostname
    try:
        async with (
            aiohttp.ClientSession(timeout=_PATIENCE, trust_env=True) as session,
            session.get(url, allow_redirects=False) as answer,
        ):
            return SiteAnswer(status=answer.status, ahead=_ahead(answer.headers.get("Date")))
    except (aiohttp.ClientConnectorCertificateError, ssl.SSLError) as error:
        raise UnavailableError("PAGE_UNREACHABLE", f"{host} has no certificate that is trusted here.") from error
    except TimeoutError as error:
        raise UnavailableError("PAGE_UNREACHABLE", f"{host} doesn't answer within 10 s.") from error
    except (aiohttp.ClientError, OSError, asyncio.IncompleteReadError) as error:
        raise UnavailableError("PAGE_UNREACHABLE", f"{host} can't be reached ({type(error).__name__}).") from error


def _ahead(date: str | None) -> float | None:
    try:
        told = None if date is None else parsedate_to_datetime(date)
    except ValueError:
        return None
    # To the second, and that of when the answer was begun.
    return None if told is None or told.tzinfo is None else (told - datetime.now(UTC)).total_seconds()
