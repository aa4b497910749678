"""Programs that send through the gateway."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final, override

from application.idempotency.request_key import RequestKey
from application.media.draft import MediaDraft
from application.messages.forward_message import ForwardCommand
from application.messages.send_message import SendMessageCommand
from application.messages.send_messages import SendMessagesCommand
from domain.content import Content, Text
from domain.errors import ErrorKind, PomboError
from domain.ids import MessageId
from domain.media import MediaKind
from domain.media_content import MEDIA_CONTENTS
from domain.message import Message, MessageStatus
from domain.operations import Edit
from entrypoints.use_cases import UseCases
from tests.simulation.actors.base import Actor
from tests.simulation.asked import Send
from tests.simulation.contents import FORWARDED, label, other_than_text
from tests.simulation.files import IDS, KINDS, SOUND_IDS, SOUNDS, sound_form
from tests.simulation.process import DisconnectedError

_UNCERTAIN: Final = frozenset({ErrorKind.UNAVAILABLE, ErrorKind.DEADLINE_EXCEEDED, ErrorKind.INTERNAL})
_NOT_NOW: Final = frozenset({"SESSION_NOT_WORKING", "SESSION_NOT_RUNNING", "SESSION_ELSEWHERE", "REQUEST_IN_PROGRESS"})
_PATIENCE: Final = 200


class Client(Actor):
    """Sends one thing after another. What has a key it asks for again until it knows what became of it."""

    _count = 0

    @override
    async def run(self) -> None:
        plan = self.world.plan
        mine = plan.sends // plan.clients or 1
        for _ in range(mine):
            if self.chance.random() < 0.6:
                await self.wait(2 * plan.span / mine)
            await self._send_somehow()

    async def _send_somehow(self) -> None:
        draw = self.chance.random()
        if draw < 0.1:
            await self._send_bulk()
        elif draw < 0.2 and (forward := self._new_forward()) is not None:
            await self._send_with_key(*forward)
        elif draw < 0.3:
            await self._send_without_key(*self._new())
        else:
            await self._send_with_key(*self._new())

    def _new(self) -> tuple[Send, SendMessageCommand]:
        self._count += 1
        world, now = self.world, self.world.whatsapp.clock.now()  # its own clock, which is right
        send = Send(
            session_id=self.chance.choice(list(world.accounts)),
            to=self.chance.choice(world.peers).jid,
            body=f"{self.name} text {self._count}",
            asked_at=world.loop.steps,
        )
        not_before = deadline = None
        if self.chance.random() < 0.1:
            not_before, send.plain = now + timedelta(seconds=self.chance.random() * 8), False
        if self.chance.random() < 0.1:
            deadline = (not_before or now) + timedelta(seconds=0.1 + self.chance.random() * 10)
            # One that has expired is passed over; a clock that is set back may bring it to life again.
            send.plain = send.plain and "clock" not in world.plan.mishaps
        world.sends.append(send)
        return send, SendMessageCommand(
            session_id=send.session_id,
            to=send.to,
            content=self._content(send),
            not_before=not_before,
            deadline=deadline,
            wait=timedelta(seconds=self.chance.choice((0, 0, 0.5, 20))),
        )

    def _new_forward(self) -> tuple[Send, ForwardCommand] | None:
        """Of a message that wasn't forwarded before, and whose words nobody changes."""
        world = self.world
        sent = {send.body: send for send in world.sends}
        forwarded = {send.forwards for send in world.sends}
        edited = {each.target for each in world.operations if isinstance(each.operation, Edit)}
        found = [
            message
            for message in (row.message for row in world.state.messages.values())
            if label(message) is not None and not message.forwarded and message.id not in forwarded | edited
            # People edit texts of theirs; and a file that isn't in the store would be asked of a page.
            if (label(message) in sent if isinstance(message.content, Text) else not self._may_lack_its_file(message))
        ]
        if not found:
            return None
        message = self.chance.choice(found)
        known = sent.get(label(message) or "")
        send = Send(
            session_id=message.session_id,
            to=self.chance.choice(world.peers).jid,
            body=f"{label(message)}{FORWARDED}",
            asked_at=world.loop.steps,
            file=None if known is None else known.file,
            forwards=message.id,
        )
        world.sends.append(send)
        wait = timedelta(seconds=self.chance.choice((0, 0, 0.5, 20)))
        return send, ForwardCommand(message_id=message.id, to=send.to, wait=wait)

    def _may_lack_its_file(self, message: Message) -> bool:
        came = not message.from_api or "files" in self.world.plan.mishaps
        return came and isinstance(message.content, MEDIA_CONTENTS)

    def _content(self, send: Send) -> Content | MediaDraft:
        """A text as a rule; else a file, or something else, with the same words in it."""
        draw = self.chance.random()
        if draw < 0.1 and self.world.unheard:
            return self._wordless(send)
        if draw < 0.2:
            kind = self.chance.choice(KINDS)
            send.file = self.chance.randrange(len(IDS[kind]))
            return MediaDraft.compose(
                kind, IDS[kind][send.file], caption=send.body, view_once=self.chance.random() < 0.3
            )
        if draw < 0.4:
            return other_than_text(self.chance, send.body)
        return Text.compose(send.body)

    def _wordless(self, send: Send) -> MediaDraft:
        """Sound, a voice note or a sticker: the file is what tells it."""
        unheard = self.world.unheard
        number = unheard.pop(self.chance.randrange(len(unheard)))
        send.body, form = SOUNDS[number].decode(), sound_form(number)
        kind = MediaKind.STICKER if form == "sticker" else MediaKind.AUDIO
        return MediaDraft.compose(kind, SOUND_IDS[number], voice=form == "voice")

    async def _send_without_key(self, send: Send, command: SendMessageCommand) -> None:
        """Once: trying again might send it twice."""
        await self._until_known(send.body, lambda: self._ask(send, command), once=True)
        if send.message_id is not None and self.chance.random() < 0.4:
            await self._cancel(send)

    async def _send_with_key(self, send: Send, command: SendMessageCommand | ForwardCommand) -> None:
        command = replace(command, request=self._key(send.body))
        if self.chance.random() < 0.3:
            # Two connections at once, as after a time-out of the caller's own.
            async with asyncio.TaskGroup() as tasks:
                for _ in range(2):
                    tasks.create_task(self._until_known(send.body, lambda: self._ask(send, command)))
        else:
            await self._until_known(send.body, lambda: self._ask(send, command))
        if send.message_id is not None and isinstance(command, ForwardCommand):
            await self._forward_again(send, command)
        elif send.message_id is not None and self.chance.random() < 0.2:
            await self._cancel(send)
        elif send.message_id is not None and self.chance.random() < 0.15:
            await self._reuse_key(command)

    async def _forward_again(self, send: Send, command: ForwardCommand) -> None:
        """With the same key, after a while: the same forward, whatever was done to the message meanwhile."""
        heard = []

        async def ask() -> None:
            await self._ask(send, command)
            heard.append(send.message_id)

        await self.wait(6)
        await self._until_known(f"once more {send.body}", ask)
        if not heard:
            self.world.violate("a key is one request's", f"{send.body!r} was accepted, and refused later")

    async def _ask(self, send: Send, command: SendMessageCommand | ForwardCommand) -> None:
        self.trace(f"asks for {send.body!r} to {send.to.user[-2:]} by {send.session_id}")
        try:
            use_case = "forward_message" if isinstance(command, ForwardCommand) else "send_message"
            message: Message = await self._call(use_case, command)
        except PomboError as error:
            accepted = error.metadata.get("message_id")
            if accepted is None:
                raise
            self._accepted(send, MessageId(accepted))
        else:
            self.trace(f"hears {message.status} of {send.body!r}: {message.id}")
            self._accepted(send, message.id)

    async def _send_bulk(self) -> None:
        batch = [self._new() for _ in range(self.chance.randint(2, 5))]
        for place, (send, _) in enumerate(batch):
            send.batch, send.place = batch[0][0].body, place
        command = SendMessagesCommand(
            entries=[command for _, command in batch], request=self._key(f"bulk {batch[0][0].body}")
        )

        async def ask() -> None:
            self.trace(f"asks for {len(batch)} from {batch[0][0].body!r} on")
            outcomes = await self._call("send_messages", command)
            for (send, _), outcome in zip(batch, outcomes, strict=True):
                self.trace(f"hears of {send.body!r}: {outcome.id if isinstance(outcome, Message) else outcome.reason}")
                if isinstance(outcome, Message):
                    self._accepted(send, outcome.id)
                else:
                    send.refused = outcome.reason

        await self._until_known(f"bulk {batch[0][0].body}", ask)

    async def _cancel(self, send: Send) -> None:
        key = self._key(f"cancel {send.body}")

        async def ask() -> None:
            self.trace(f"cancels {send.body!r}")
            message: Message = await self._call("cancel_message", send.message_id, request=key)
            if message.status is not MessageStatus.CANCELED:
                self.world.violate("canceled means canceled", f"{message.id} is {message.status}")

        await self._until_known(f"cancel {send.body}", ask)

    async def _reuse_key(self, command: SendMessageCommand) -> None:
        """The key with another text: refused, whatever else goes wrong."""
        other = replace(command, content=Text.compose("never to be sent"))
        try:
            await self._call("send_message", other)
        except (DisconnectedError, PomboError) as error:
            if isinstance(error, PomboError) and error.reason != "IDEMPOTENCY_KEY_REUSED":
                fits = error.kind in _UNCERTAIN or error.reason in _NOT_NOW
            else:
                fits = True
        else:
            fits = False
        if not fits:
            self.world.violate("a key is one request's", f"{command.content} was followed by another text")

    async def _until_known(self, what: str, ask: Callable[[], Awaitable[None]], *, once: bool = False) -> None:
        """Asks until the answer is one: accepted, or refused for good."""
        for _ in range(_PATIENCE):
            try:
                await ask()
            except DisconnectedError:
                self.trace(f"hears nothing of {what!r}")
                if once:
                    return
            except PomboError as error:
                self.trace(f"hears {error.reason} of {what!r}")
                if error.kind in _UNCERTAIN and once:
                    return
                if error.kind not in _UNCERTAIN and error.reason not in _NOT_NOW:
                    self._refused(what, error.reason)
                    return
            else:
                return
            await asyncio.sleep(self.chance.choice((0.05, 0.2, 2.0)) * self.chance.random())
        self.world.violate("clients get answers", f"{self.name} asks in vain for {what!r}")

    async def _call(self, use_case: str, *args: Any, **options: Any) -> Any:
        return await self._work(lambda use_cases: getattr(use_cases, use_case).execute(*args, **options))

    async def _work(self, ask: Callable[[UseCases], Coroutine[Any, Any, Any]]) -> Any:
        """One call on a connection of its own, which may break before the answer is there."""
        process = self.world.serving()
        if process is None:
            raise DisconnectedError
        work = process.call(ask(process.use_cases))
        if self.world.calm or self.chance.random() > self.world.plan.impatience:
            return await work
        try:
            async with asyncio.timeout(self.chance.random() ** 2):
                return await work
        except TimeoutError:
            raise DisconnectedError from None

    def _key(self, key: str) -> RequestKey:
        return RequestKey(scope=self.name, key=key)

    def _accepted(self, send: Send, message_id: MessageId) -> None:
        row = self.world.state.messages.get(message_id)
        if row is None or label(row.message) != send.body:
            self.world.violate("accepted means durable", f"{send.body!r} is answered, and {message_id} isn't there")
        if send.message_id not in {None, message_id}:
            self.world.violate("one key, one message", f"{send.body!r} is {send.message_id} and {message_id}")
        if send.message_id is None:
            send.message_id, send.accepted_at = message_id, self.world.loop.steps
            send.refused = None  # on another connection, when the gateway's clock was wrong

    def _refused(self, what: str, reason: str) -> None:
        for send in self.world.sends:
            if send.body == what and send.message_id is None:
                send.refused = reason
