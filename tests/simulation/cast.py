"""Who takes part in a run."""

from tests.simulation.actors.base import Actor
from tests.simulation.actors.clients import Client
from tests.simulation.actors.commanders import Founder, Marker
from tests.simulation.actors.consumers import Chooser, Follower, Lister
from tests.simulation.actors.mishaps import Mishaps
from tests.simulation.actors.operators import Operator, Reactors
from tests.simulation.actors.phones import Phones
from tests.simulation.world import World


def cast(world: World) -> list[Actor]:
    """Everybody, in the order of their entry."""
    return [
        *(Client(world, number) for number in range(1, world.plan.clients + 1)),
        Phones(world),
        *((Operator(world), Reactors(world)) if world.plan.operations else ()),
        *((Founder(world), Marker(world)) if world.plan.commands else ()),
        Follower(world),
        Chooser(world),
        Lister(world),
        Mishaps(world),
    ]
