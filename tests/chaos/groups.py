"""What clients change of their groups, over both transports, and whether it was done and told once."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Final

import aiohttp

from entrypoints.grpc.gen.pombo.v1.group_service_pb2 import UpdateGroupRequest
from tests.chaos.found import Verdict
from tests.chaos.gateways import Gateway
from tests.chaos.ledger import CHANGED, GroupChange, Json, Ledger

_EVENT: Final = "group.updated"


async def over_rest(
    gateway: Gateway, change: GroupChange, headers: dict[str, str], limit: aiohttp.ClientTimeout
) -> tuple[int, Json]:
    """An answer's status and content.

    Raises:
        aiohttp.ClientError, OSError, TimeoutError, ValueError: there was none that could be read.
    """
    url = f"{gateway.url}/api/v1/sessions/{change.session}/groups/{change.group}"
    body = {change.what: change.value}
    async with gateway.http.patch(url, json=body, headers=headers, timeout=limit) as response:
        content: Json = json.loads(await response.read() or b"{}")
        return response.status, content


async def over_grpc(gateway: Gateway, change: GroupChange, key: str, _: int, patience: float) -> str:
    """The group's address.

    Raises:
        grpc.aio.AioRpcError: it was refused, or there was no answer.
    """
    request = UpdateGroupRequest(session_id=change.session, group_id=change.group, request_id=key)
    setattr(request, change.what, change.value)
    metadata = (("x-api-key", gateway.key),)
    answer = await gateway.groups.UpdateGroup(request, timeout=patience, metadata=metadata)
    return str(answer.group.id)


def judge_groups(ledger: Ledger, verdict: Verdict) -> None:
    """What was answered is on the phone of each member, once, and what was refused isn't; each has its one event."""
    for change in ledger.group_changes:
        if change.answered is None:
            verdict.unanswered.append(f"{change.label}: no answer after {change.tries} tries")
            continue
        verdict.operations += change.is_accepted
        for phone in ledger.holders(change.group):
            _judge_change(verdict, change, phone, [each.said for each in ledger.notices.get(phone, ())])
    for session in ledger.sessions:
        for said, (shown, told) in _compared(ledger, session).items():
            line = f"{session}: {told} events of what is {shown} times on its phone: {' '.join(said)}"
            if told > shown:
                verdict.events_repeated.append(line)
            elif told < shown:
                verdict.events_missing.append(line)


def _judge_change(verdict: Verdict, change: GroupChange, phone: str, notices: Sequence[tuple[str, ...]]) -> None:
    times = notices.count(change.said)
    if change.is_accepted and not times:
        verdict.lost.append(f"{change.label}: answered, and not on the phone of {phone}")
    elif change.refused is not None and times:
        verdict.untrue.append(f"{change.label}: refused ({change.refused}), and done")
    if times > 1:
        verdict.duplicated.append(f"{change.label}: {times} times on the phone of {phone}")


def untold_notices(ledger: Ledger, session: str) -> list[str]:
    """What a session's phone shows of changes of its groups, and no event tells of."""
    return [said[-1] for said, (shown, told) in _compared(ledger, session).items() if told < shown]


def _compared(ledger: Ledger, session: str) -> dict[tuple[str, ...], tuple[int, int]]:
    """How often the session's phone shows each change of a group's subject or description, and how often it is told."""
    shown = Counter(each.said for each in ledger.notices.get(ledger.sessions[session], ()))
    payloads = [each["payload"] for each in ledger.events if (each["session_id"], each["type"]) == (session, _EVENT)]
    told = Counter((each["group_id"], each["changed"].lower(), each["value"]) for each in payloads)
    return {said: (shown[said], told[said]) for said in {**shown, **told} if said[1] in CHANGED}
