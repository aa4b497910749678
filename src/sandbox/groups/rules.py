"""Who may do what in a group."""

from sandbox.errors import SandboxError
from sandbox.store.groups import Group

FORBIDDEN = 403
CONFLICT = 409


def require_member(group: Group, phone: str) -> None:
    """Refuse whoever isn't in the group.

    Raises:
        SandboxError: 403 `NOT_GROUP_MEMBER`; whatsmeow tells a non-member by this number too.
    """
    if phone not in group.members:
        raise SandboxError(FORBIDDEN, "NOT_GROUP_MEMBER", "the account is not in this group")


def require_admin(group: Group, phone: str, status: int = FORBIDDEN) -> None:
    """Refuse whoever isn't an admin of the group.

    Raises:
        SandboxError: 403 `NOT_GROUP_MEMBER`; `status` `NOT_GROUP_ADMIN`.
    """
    require_member(group, phone)
    if not group.is_admin(phone):
        raise SandboxError(status, "NOT_GROUP_ADMIN", "only an admin of the group can do that")


def require_editor(group: Group, phone: str) -> None:
    """Refuse whoever may not change what the group shows of itself.

    Raises:
        SandboxError: 403 `NOT_GROUP_MEMBER` or `NOT_GROUP_ADMIN`.
    """
    (require_admin if group.restrict else require_member)(group, phone)


def require_speaker(group: Group, phone: str) -> None:
    """Refuse whoever may not write into the group.

    Raises:
        SandboxError: 403 `NOT_GROUP_MEMBER`, or `NOT_GROUP_ADMIN` where only admins send. What the live server answers
            isn't known: its pages don't let one write.
    """
    (require_admin if group.announce else require_member)(group, phone)
