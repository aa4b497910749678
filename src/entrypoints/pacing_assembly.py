"""Wires what tells of paces, and who opted out."""

from dataclasses import dataclass

from application.pacing.manage_suppressions import AddSuppression, ListSuppressions, RemoveSuppression
from application.pacing.read_quota import GetQuota
from application.ports.clock import Clock
from application.ports.id_generator import IdGenerator
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.pacing import Pace


@dataclass(frozen=True, slots=True, kw_only=True)
class PacingUseCases:
    """Everything that a transport may do with them."""

    get_quota: GetQuota
    list_suppressions: ListSuppressions
    add_suppression: AddSuppression
    remove_suppression: RemoveSuppression


def pacing_use_cases(uow: UnitOfWorkFactory, clock: Clock, ids: IdGenerator, defaults: Pace) -> PacingUseCases:
    """Makes them."""
    return PacingUseCases(
        get_quota=GetQuota(uow, clock, defaults),
        list_suppressions=ListSuppressions(uow),
        add_suppression=AddSuppression(uow, clock, ids),
        remove_suppression=RemoveSuppression(uow, clock, ids),
    )
