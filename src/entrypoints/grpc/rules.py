"""The policy's rule of every method."""

from collections.abc import Iterable
from typing import Final

from google.protobuf.descriptor import ServiceDescriptor

from application.access.policy import POLICY, Rule

_REFLECTION: Final = "/grpc.reflection."


class UnguardedMethodError(TypeError):
    """A method has no rule in the policy: nothing is served that nobody has thought about."""


class MethodRules:
    """Rules by a method's full name, as it is called."""

    def __init__(self, services: Iterable[ServiceDescriptor]) -> None:
        """Takes the services that are served.

        Raises:
            UnguardedMethodError: one of their methods has no rule.
        """
        self._rules: dict[str, Rule] = {}
        for service in services:
            for method in service.methods:
                name = operation_of(method.name)
                if name not in POLICY:
                    raise UnguardedMethodError(f"{service.full_name}.{method.name} has no rule as {name!r}")
                self._rules[f"/{service.full_name}/{method.name}"] = POLICY[name]

    def of(self, method: str) -> Rule:
        """The rule of a method that is served.

        Raises:
            UnguardedMethodError: it has none.
        """
        rule = POLICY["reflect"] if method.startswith(_REFLECTION) else self._rules.get(method)
        if rule is None:
            raise UnguardedMethodError(f"{method} has no rule")
        return rule


def operation_of(method: str) -> str:
    """What the policy calls a method."""
    return method[0].lower() + method[1:]
