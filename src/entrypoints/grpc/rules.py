"""The policy's rule of every method."""

from collections.abc import Iterable
from typing import Final

from google.protobuf.descriptor import ServiceDescriptor

from application.access.policy import POLICY, Rule
from application.audit.audited import AUDITED

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
        self._names: dict[str, str] = {}
        for service in services:
            for method in service.methods:
                name = operation_of(method.name)
                if name not in POLICY or name not in AUDITED:
                    raise UnguardedMethodError(f"{service.full_name}.{method.name} has no rule as {name!r}")
                self._names[f"/{service.full_name}/{method.name}"] = name

    def of(self, method: str) -> Rule:
        """The rule of a method that is served.

        Raises:
            UnguardedMethodError: it has none.
        """
        return POLICY[self.name_of(method)]

    def name_of(self, method: str) -> str:
        """What the policy and the audit log call a method that is served.

        Raises:
            UnguardedMethodError: it has no rule.
        """
        name = "reflect" if method.startswith(_REFLECTION) else self._names.get(method)
        if name is None:
            raise UnguardedMethodError(f"{method} has no rule")
        return name


def operation_of(method: str) -> str:
    """What the policy calls a method."""
    return method[0].lower() + method[1:]
