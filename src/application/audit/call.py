"""A call that is audited, from its beginning to its result."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from application.access.principal import Principal
from domain.audit import STRANGER, Actor, AuditTransport, without_numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedCall:
    """What is known of a call when it comes.

    Attributes:
        operation: as the policy names it.
        request_id: the call's id.
        address: where it comes from.
        caller: whose it is; None: of somebody without a good key.
        names: what it names, by the fields' names, as far as that is known before it is begun.
    """

    transport: AuditTransport
    operation: str
    request_id: str | None
    address: str
    caller: Principal | None = None
    names: Mapping[str, str] = field(default_factory=dict)

    @property
    def actor(self) -> Actor:
        """Whose it is, as the log tells it."""
        return STRANGER if self.caller is None else actor_of(self.caller)


def actor_of(caller: Principal) -> Actor:
    """A caller, as the log tells it."""
    return Actor(user_id=caller.user_id, key_id=caller.key_id, name=without_numbers(caller.key_name))
