"""A failure of a message is the error that its reason is everywhere."""

import pytest

from adapters.playwright.commands import RefusedByBridgeError
from adapters.playwright.refusals import _ERRORS, translate
from application.messages.departure import raise_failure
from domain.errors import CapabilityUnavailableError, ErrorKind, PomboError
from domain.media_errors import media_missing
from domain.message import Failure, MessageStatus
from entrypoints.rest.content_reasons import OPERATIONS
from entrypoints.rest.reasons import REASONS
from entrypoints.rest.routes.messages import SEND_REASONS
from tests.contracts import samples

_ALIKE = sorted({*SEND_REASONS, *OPERATIONS, "EDIT_TOO_LATE", "REVOKE_TOO_LATE", "NOT_AN_OWN_MESSAGE"} & {*_ERRORS})


def _raised(error: PomboError) -> PomboError:
    """What a caller is told who waited for a message that failed for this error."""
    failure = Failure(reason=error.reason, message=error.message)
    with pytest.raises(PomboError) as told:
        raise_failure(samples.outbound(status=MessageStatus.FAILED, failure=failure))
    assert (told.value.reason, told.value.message) == (error.reason, error.message)
    return told.value


@pytest.mark.parametrize("reason", _ALIKE)
def test_what_the_page_refuses_a_message_for(reason: str) -> None:
    refused = translate(RefusedByBridgeError(reason, "a detail"))
    assert refused.kind is REASONS[reason][0]
    assert _raised(refused).kind is refused.kind


def test_what_the_page_cannot_do_is_named() -> None:
    told = _raised(CapabilityUnavailableError("SEND_POLL"))
    assert told.kind is ErrorKind.CAPABILITY_UNAVAILABLE
    assert "SEND_POLL" in told.message


def test_what_nobody_has_to_send() -> None:
    told = _raised(media_missing("media_1"))
    assert told.kind is REASONS[told.reason][0] is media_missing("media_1").kind


def test_another_account() -> None:
    failure = Failure(reason="ACCOUNT_CHANGED", message="another")
    with pytest.raises(PomboError) as told:
        raise_failure(samples.outbound(status=MessageStatus.FAILED, failure=failure))
    assert told.value.kind is REASONS["ACCOUNT_CHANGED"][0] is ErrorKind.CONFLICT
