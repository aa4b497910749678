"""What a group may be called."""

import pytest

from domain.errors import InvalidArgumentError
from domain.group import MAX_SUBJECT, check_subject


@pytest.mark.parametrize("subject", ["Pigeons", "x" * MAX_SUBJECT, " a "])
def test_a_subject(subject: str) -> None:
    check_subject(subject)


@pytest.mark.parametrize("subject", ["", " \t", "x" * (MAX_SUBJECT + 1), "Pig\x00eons"])
def test_what_is_no_subject_is_refused(subject: str) -> None:
    with pytest.raises(InvalidArgumentError) as refused:
        check_subject(subject)
    assert (refused.value.reason, refused.value.field) == ("INVALID_GROUP", "subject")
