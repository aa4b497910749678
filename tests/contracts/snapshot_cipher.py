"""What every cipher of snapshots does. Fixtures: ``cipher``, and ``stranger``, one that has none of its keys."""

from dataclasses import replace

import pytest

from application.ports.snapshot_cipher import SnapshotCipher
from domain.errors import UnprocessableError
from domain.snapshot import ProfileImage, SnapshotLabel
from tests.contracts.samples import ME, SALES, SUPPORT, at

LABEL = SnapshotLabel(session_id=SALES, account=ME, epoch=4, version=9, taken_at=at(0.25), kind="test/1")
IMAGE = ProfileImage(kind="test/1", data=b"a whole login " * 1_000)


class SnapshotCipherContract:
    def test_what_is_sealed_is_read_again_and_shows_nothing(self, cipher: SnapshotCipher) -> None:
        sealed = cipher.seal(LABEL, IMAGE)
        assert cipher.label(sealed.header) == LABEL
        read = cipher.unseal(sealed)
        assert (read.label, read.image) == (LABEL, IMAGE)
        assert b"login" not in sealed.header + sealed.body
        assert cipher.seal(LABEL, IMAGE).body != sealed.body

    def test_a_header_fits_no_other_body(self, cipher: SnapshotCipher) -> None:
        sealed = cipher.seal(LABEL, IMAGE)
        others = [replace(LABEL, version=8), replace(LABEL, epoch=3), replace(LABEL, session_id=SUPPORT), LABEL]
        for other in others:
            with pytest.raises(UnprocessableError) as refused:
                cipher.unseal(replace(sealed, body=cipher.seal(other, IMAGE).body))
            assert refused.value.reason == "SNAPSHOT_CORRUPT"

    def test_what_is_cut_off_is_refused(self, cipher: SnapshotCipher) -> None:
        sealed = cipher.seal(LABEL, IMAGE)
        for torn in (replace(sealed, body=sealed.body[:-1]), replace(sealed, header=sealed.header[:-1])):
            with pytest.raises(UnprocessableError) as refused:
                cipher.unseal(torn)
            assert refused.value.reason == "SNAPSHOT_CORRUPT"

    def test_without_the_key_it_is_told_as_such(self, cipher: SnapshotCipher, stranger: SnapshotCipher) -> None:
        sealed = cipher.seal(LABEL, IMAGE)
        assert cipher.is_ours(sealed.header)
        assert not stranger.is_ours(sealed.header)
        assert stranger.rewrap(sealed.header) is None
        with pytest.raises(UnprocessableError) as refused:
            stranger.unseal(sealed)
        assert refused.value.reason == "SNAPSHOT_KEY_UNKNOWN"

    def test_a_header_under_the_first_key_stays(self, cipher: SnapshotCipher) -> None:
        assert cipher.rewrap(cipher.seal(LABEL, IMAGE).header) is None
