"""How a snapshot is sealed."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Protocol

from domain.snapshot import ProfileImage, Snapshot, SnapshotLabel


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedSnapshot:
    """A sealed snapshot. The header tells its label in the clear; only ``unseal`` proves it."""

    header: bytes
    body: bytes


class SnapshotCipher(Protocol):
    """Compresses and encrypts. Its calls take processor time: tens of milliseconds for tens of megabytes."""

    @abstractmethod
    def seal(self, label: SnapshotLabel, image: ProfileImage) -> SealedSnapshot:
        """Seals an image, bound to its label.

        Raises:
            TooLargeError: ``SNAPSHOT_TOO_LARGE``.
        """

    @abstractmethod
    def label(self, header: bytes) -> SnapshotLabel:
        """What a header says it is the header of.

        Raises:
            UnprocessableError: ``SNAPSHOT_CORRUPT``, ``SNAPSHOT_UNSUPPORTED``.
        """

    @abstractmethod
    def unseal(self, sealed: SealedSnapshot) -> Snapshot:
        """Opens it, and proves that header and body are as they were sealed.

        Raises:
            UnprocessableError: ``SNAPSHOT_CORRUPT``, ``SNAPSHOT_UNSUPPORTED``, ``SNAPSHOT_KEY_UNKNOWN``.
        """

    @abstractmethod
    def is_ours(self, header: bytes) -> bool:
        """Whether the header names a key that is here."""

    @abstractmethod
    def rewrap(self, header: bytes) -> bytes | None:
        """The header with its data key under the first of our keys; None where it is, or where that can't be done.

        The body stays as it is.
        """
