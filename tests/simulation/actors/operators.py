"""Programs and people that do things to messages."""

from dataclasses import replace
from datetime import timedelta
from typing import Final, override

from adapters.memory.accounts import Account
from application.messages.operate import OperateCommand
from domain.content import Text
from domain.errors import PomboError, UnprocessableError
from domain.ids import WhatsAppMessageId
from domain.message import Message, MessageStatus
from domain.operations import PIN_DURATIONS, Edit, Operation, Pin, PollVote, Reaction, Revoke
from domain.poll_content import Poll
from tests.simulation.actors.base import Actor
from tests.simulation.actors.clients import Client
from tests.simulation.asked import Done
from tests.simulation.contents import choice, said

_OVER: Final = frozenset({MessageStatus.FAILED, MessageStatus.CANCELED, MessageStatus.EXPIRED})


class Operator(Client):
    """Edits, pins, reacts to and takes back what was sent, some of it still on its way; always with a key."""

    @override
    async def run(self) -> None:
        plan = self.world.plan
        target = None
        for number in range(plan.operations):
            # Often one after another to the same message: what is done twice, or too late, shows there.
            if target is None or self.chance.random() < 0.4:
                await self.wait(2 * plan.span / plan.operations)
                target = self._target()
            if target is not None:
                await self._operate(number, target)

    def _target(self) -> Message | None:
        rows = [row.message for row in self.world.state.messages.values()]
        sent = [each for each in rows if each.from_api and not each.is_operation and each.status not in _OVER]
        return self.chance.choice(sent) if sent else None

    async def _operate(self, number: int, target: Message) -> None:
        operation = self._operation(number, target)
        done = Done(target=target.id, operation=operation, asked_at=self.world.loop.steps)
        name = f"operation {self.name} {number}"
        command = OperateCommand(
            operation=replace(operation, target=WhatsAppMessageId(target.id)),
            wait=timedelta(seconds=self.chance.choice((0, 0.5, 20))),
            request=self._key(name),
        )
        self.world.operations.append(done)

        async def ask() -> None:
            self.trace(f"asks for {type(operation).__name__} on {target.id}")
            try:
                answer = await self._call("operate_on_message", command)
            except PomboError as error:
                # Refused after it was accepted: the operation itself says why.
                accepted = error.metadata.get("message_id")
                if accepted is None:
                    raise
                done.accept(accepted, self.world.loop.steps)
            else:
                done.accept(answer.operation.id, self.world.loop.steps)

        await self._until_known(name, ask)

    def _operation(self, number: int, target: Message) -> Operation:
        draw = self.chance.random()
        if isinstance(target.content, Poll) and draw < 0.6:
            return PollVote(target=target.whatsapp_id, options=choice(number + 1))
        # What a forward holds has to be known.
        forwarding = any(each.forwards == target.id and each.message_id is None for each in self.world.sends)
        if isinstance(target.content, Text) and draw < 0.45 and not forwarding:
            return Edit(target=target.whatsapp_id, body=f"{self.name} edit {number}")
        if draw < 0.6 and (pin := self._pin(target)) is not None:
            return pin
        if draw < 0.9:
            # Each another, so that what is done twice with something between shows.
            return Reaction(target=target.whatsapp_id, emoji=f"👍 {self.name} {number}")
        return Revoke(target=target.whatsapp_id)

    def _pin(self, target: Message) -> Pin | None:
        """A pin, then its end, each once: to pin what is pinned changes nothing that could be counted."""
        asked = [each.operation for each in self.world.operations if each.target == target.id]
        pins = [each.duration for each in asked if isinstance(each, Pin)]
        if None in pins:
            return None
        return Pin(target=target.whatsapp_id, duration=None if pins else self.chance.choice(PIN_DURATIONS))


class Reactors(Actor):
    """People who do things to messages on their phones: to those that they got, and to their own."""

    @override
    async def run(self) -> None:
        plan = self.world.plan
        for number in range(plan.operations):
            await self.wait(2 * plan.span / plan.operations)
            account = self.chance.choice(self.world.peers)
            operation = self._operation(account, number)
            if operation is None:
                continue
            try:
                self.world.whatsapp.phone_does(account.jid.user, operation)
            except UnprocessableError as refused:
                self.trace(f"can't: {refused.reason}")
            else:
                self.trace(f"{account.jid.user} does {type(operation).__name__} to {operation.target[-6:]}")

    def _operation(self, account: Account, number: int) -> Operation | None:
        held = [each for each in account.phone_messages.values() if said(each.content) is not None]
        if not held:
            return None
        target = self.chance.choice(held)
        if isinstance(target.content, Poll) and self.chance.random() < 0.6:
            return PollVote(target=target.whatsapp_id, options=choice(128 + number))
        if not target.from_me or self.chance.random() < 0.4:
            return Reaction(target=target.whatsapp_id, emoji=f"❤ {number}")
        if isinstance(target.content, Text) and self.chance.random() < 0.7:
            return Edit(target=target.whatsapp_id, body=f"phone edit {number}")
        return Revoke(target=target.whatsapp_id)
