"""What a sandbox server is started with."""

from dataclasses import dataclass, field
from pathlib import Path

_PACKAGE = Path(__file__).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxConfig:
    """Addresses, lifetimes and limits of one sandbox server; `*_ms` are milliseconds.

    A port of 0 lets the operating system choose. `https_port` None serves no HTTPS. `control_hosts` are host names
    that the control API accepts in a `Host` header besides the loopback ones.
    """

    data_dir: Path
    host: str = "127.0.0.1"
    port: int = 8800
    control_port: int = 8801
    https_port: int | None = None
    control_hosts: tuple[str, ...] = ()
    page_dir: Path = field(default=_PACKAGE / "page")
    phone_dir: Path = field(default=_PACKAGE / "phone")
    # The pace of WhatsApp's own QR codes: the first is shown for a minute, the next five for twenty seconds each.
    qr_first_ms: int = 60_000
    qr_next_ms: int = 20_000
    qr_refs: int = 6
    pairing_code_ms: int = 180_000
    pairing_codes_per_minute: int = 3
    pair_ack_ms: int = 10_000
    history_ack_ms: int = 30_000
    max_devices: int = 4
    # WhatsApp keeps what isn't fetched for 30 days (WhatsApp Encryption Overview; its privacy policy).
    media_keep_ms: int = 30 * 86_400_000
    # Its largest document has 2 GB; encryption adds less than a block and a MAC.
    media_most_bytes: int = 2 * 1024**3 + 32
    # How long after its sending a message can be edited and deleted for everyone: WhatsApp's Help Center ("How to edit
    # messages"), and its announcement of August 2022 (2 days and 12 hours; the Help Center says "about 2 days").
    edit_window_ms: int = 15 * 60_000
    revoke_window_ms: int = 60 * 3_600_000
    # WhatsApp's Help Center, "How to pin a message": for 24 hours, 7 days or 30 days.
    longest_pin_s: int = 30 * 86_400
    # WhatsApp's Help Center, "How to create and invite into a group": up to 1,024 people.
    max_group_size: int = 1024

    def windows(self) -> dict[str, int]:
        """What a page is told of the rules, so that it offers no more than the server takes."""
        return {"edit_ms": self.edit_window_ms, "revoke_ms": self.revoke_window_ms}
