"""What the transports do with the audit log."""

from dataclasses import dataclass

from application.access.authenticate import RefusedKeyError
from application.audit.call import AuditedCall
from application.audit.read_log import ListAuditLog
from application.audit.trail import AuditTrail
from domain.audit import Actor, without_numbers
from domain.errors import UnauthenticatedError
from entrypoints.caller_address import caller_site


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditUseCases:
    """What they put on record, and what they read of it."""

    trail: AuditTrail
    list: ListAuditLog

    def refused(self, call: AuditedCall, error: UnauthenticatedError) -> None:
        """A call came without a good key. Without any key it isn't worth an entry: browsers and scanners do that."""
        if error.reason == "API_KEY_MISSING":
            return
        actor = None
        if isinstance(error, RefusedKeyError):
            key = error.owned.key
            actor = Actor(user_id=key.user_id, key_id=key.id, name=without_numbers(key.name))
        self.trail.refused(call, error.reason, site=caller_site(call.address), actor=actor)
