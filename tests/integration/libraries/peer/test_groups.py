"""Groups: what one side does there, the other is told, and does what it may."""

import base64
import itertools
from datetime import timedelta

import pytest

from application.ports.group_page import Creation
from domain.changes import Reacted, Revoked
from domain.chat import ChatChange
from domain.content import Text
from domain.group import GroupChange, MemberAddMode, ParticipantAction, ParticipantOutcome, Role
from domain.group_invite_content import GroupInvite
from domain.group_notice import NoticeKind
from domain.jid import Jid
from domain.message import MessageStatus
from domain.operations import Reaction, Revoke
from tests.contracts.group_page import PNG

from ..sandbox import Account, eventually
from .peers import SENT, Peers, inner

pytestmark = pytest.mark.asyncio(loop_scope="package")

_TOKENS = itertools.count()


async def founded(peers: Peers, *others: Account) -> Jid:
    """A group of ours that Bob's library knows, with him and others in it."""
    people = tuple(Jid.parse(each.jid) for each in (peers.bob, *others))
    made = await peers.page.groups.create(Creation(token=f"peer-{next(_TOKENS)}", subject="Doves", participants=people))
    await peers.client.wait("group_update", lambda event: event["chat"] == str(made.group.jid))
    return made.group.jid


async def his(peers: Peers, *others: Account) -> Jid:
    """A group of Bob's library, with Ann and others in it."""
    made = await peers.client.call("createGroup", title="Rooks", people=[peers.ann.jid, *(each.jid for each in others)])
    group = Jid.parse(made["gid"])
    await peers.notice(group, NoticeKind.CREATED)
    return group


async def told(peers: Peers, event: str, group: Jid, kind: str) -> None:
    await peers.client.wait(event, lambda each: (each["chat"], each["type"]) == (str(group), kind))


async def test_a_group_of_ours(peers: Peers) -> None:
    cyd = peers.sandbox.account("Cyd")
    groups, group = peers.page.groups, await founded(peers)
    shown = await peers.client.call("group", of=str(group))
    assert (shown["name"], [each["id"] for each in shown["participants"]]) == ("Doves", [peers.ann.jid, peers.bob.jid])
    created = (await groups.get(group)).created_at
    assert created is not None
    assert (shown["owner"], shown["createdAt"]) == (peers.ann.lid, created.timestamp() * 1000)
    assert str(group) in await peers.client.call("commonGroups", of=peers.ann.jid)
    assert group in await peers.page.contacts.common_groups(peers.chat)

    person = Jid.parse(cyd.jid)
    for action, event, kind in (
        (ParticipantAction.ADD, "group_join", "add"),
        (ParticipantAction.PROMOTE, "group_admin_changed", "promote"),
        (ParticipantAction.DEMOTE, "group_admin_changed", "demote"),
        (ParticipantAction.REMOVE, "group_leave", "remove"),
    ):
        [result] = await groups.change_participants(group, action, (person,))
        assert result.outcome is ParticipantOutcome.DONE
        await told(peers, event, group, kind)
    notice = await peers.client.call("notice", of=str(group), type="promote")
    assert notice == {"chat": "Doves", "by": "Ann", "recipients": ["Cyd"]}
    reply = await peers.client.call("replyToNotice", of=str(group), type="promote", text="well done")
    assert (await peers.received(reply)).chat == group
    await groups.change(
        group,
        GroupChange(
            subject="Ravens",
            description="caw",
            announce=True,
            restrict=True,
            member_add_mode=MemberAddMode.ADMINS,
            join_approval=True,
            ephemeral=timedelta(days=7),
        ),
    )
    for kind in (
        "subject", "description", "announce", "restrict", "member_add_mode", "membership_approval_mode", "ephemeral"
    ):  # fmt: skip
        await told(peers, "group_update", group, kind)
    shown = await peers.client.call("group", of=str(group))
    assert (shown["name"], shown["description"], shown["announce"], shown["restrict"], shown["isReadOnly"]) == (
        "Ravens", "caw", True, True, True
    )  # fmt: skip
    await groups.set_picture(group, PNG)
    await told(peers, "group_update", group, "picture")
    await groups.set_picture(group, None)
    code = await groups.revoke_invite_code(group)
    assert await groups.invite_code(group) == code
    assert await peers.client.call("inviteInfo", code=code) == "Ravens"
    await groups.leave(group)
    await told(peers, "group_leave", group, "leave")


async def test_a_group_of_its_own(peers: Peers) -> None:
    cyd = peers.sandbox.account("Cyd")
    group = await his(peers)
    of = str(group)
    seen = await peers.page.groups.get(group)
    assert (seen.subject, seen.me, seen.size) == ("Rooks", Role.MEMBER, 2)
    for command, kind in (
        ("addToGroup", NoticeKind.ADDED),
        ("promoteInGroup", NoticeKind.PROMOTED),
        ("demoteInGroup", NoticeKind.DEMOTED),
        ("removeFromGroup", NoticeKind.REMOVED),
    ):
        await peers.client.call(command, of=of, people=[cyd.jid])
        assert await peers.notice(group, kind, lambda notice: bool(notice.people)) is not None
    for command, value, kind in (
        ("setSubject", "Crows", NoticeKind.SUBJECT),
        ("setDescription", "caw", NoticeKind.DESCRIPTION),
        ("setMessagesAdminsOnly", False, NoticeKind.ANNOUNCE),
        ("setInfoAdminsOnly", False, NoticeKind.RESTRICT),
        ("setAddMembersAdminsOnly", False, NoticeKind.MEMBER_ADD_MODE),
    ):
        assert await peers.client.call(command, of=of, value=value) is True
        await peers.notice(group, kind)
    seen = await peers.page.groups.get(group)
    assert (seen.subject, seen.description) == ("Crows", "caw")
    assert (seen.settings.announce, seen.settings.restrict, seen.settings.member_add_mode) == (
        False, False, MemberAddMode.ALL
    )  # fmt: skip
    data = base64.b64encode(PNG).decode()
    assert await peers.client.call("setGroupPicture", of=of, data=data) is True
    assert await peers.client.call("deleteGroupPicture", of=of) is True
    await peers.notice(group, NoticeKind.PICTURE)
    code = await peers.client.call("revokeInvite", of=of)
    await peers.notice(group, NoticeKind.INVITE_REVOKED)
    assert await peers.client.call("inviteCode", of=of) == code
    assert (await peers.page.groups.preview(code)).subject == "Crows"
    await peers.client.call("leaveGroup", of=of)
    await peers.notice(group, NoticeKind.LEFT)


async def test_messages_in_a_group(peers: Peers) -> None:
    peers.bob.call("PATCH", "", {"online": False})
    try:
        group = await founded(peers)
        of = str(group)
        mentions = (peers.chat,)
        sent, heard = await peers.send(Text(body=f"@{peers.bob.phone} hello", mentions=mentions), chat=group)
        assert (heard["from"], heard["author"]) == (of, peers.ann.lid)
        assert len(await peers.client.call("mentions", of=heard["id"])) == 1
        await peers.receipt(sent, MessageStatus.DELIVERED)
        await peers.client.call("seen", chat=of)
        await peers.receipt(sent, MessageStatus.READ)
        _, heard_all = await peers.send(Text(body="@all hear", mention_all=True), chat=group)
        assert heard_all["data"]["nonJidMentions"] == 1

        answer = await peers.receive("reply", message=heard["id"], text="back to you")
        assert (answer.chat, str(answer.alternate or answer.sender)) == (group, peers.bob.jid)
        assert inner(answer.reply_to or "") == inner(sent)
        writing = await peers.told(answer.whatsapp_id)
        await peers.client.acked(writing["id"], 2)
        await peers.page.chats.change(group, ChatChange(unread=False))
        await peers.client.acked(writing["id"], 3)
        info = await peers.client.call("readers", key=writing["id"])
        assert info == {"delivered": [peers.ann.lid], "read": [peers.ann.lid], "left": [0, 0]}

        await peers.perform(Reaction(target=answer.whatsapp_id, emoji="🐦"), chat=group)
        await peers.client.wait("message_reaction", lambda event: event["of"] == writing["id"])
        await peers.client.call("react", of=heard["id"], emoji="👍")
        reacted = await peers.change(Reacted, sent)
        assert str(reacted.alternate or reacted.by) == peers.bob.jid
        # An admin deletes what a member wrote.
        await peers.perform(Revoke(target=answer.whatsapp_id), chat=group)
        await peers.client.wait("message_revoke_everyone", lambda event: event["of"] == writing["id"])
        mine = await peers.receive("send", to=of, text="mine, for a while", options=SENT)
        await peers.client.call("delete", of=(await peers.told(mine.whatsapp_id))["id"], everyone=True)
        await peers.change(Revoked, mine.whatsapp_id)
    finally:
        peers.bob.call("PATCH", "", {"online": True})


async def test_links_and_requests_both_ways(peers: Peers) -> None:
    cyd = peers.sandbox.account("Cyd")
    groups = peers.page.groups
    ours = (await groups.create(Creation(token="link", subject="Gulls", participants=(Jid.parse(cyd.jid),)))).group.jid
    code = await groups.invite_code(ours)
    assert await peers.client.call("acceptInvite", code=code) == str(ours)
    await peers.notice(ours, NoticeKind.JOINED)
    # Whoever comes by link now has to be let in: he is turned away once, and let in the next time.
    await groups.change(ours, GroupChange(join_approval=True))
    await groups.change_participants(ours, ParticipantAction.REMOVE, (peers.chat,))
    for approve in (False, True):
        # The library gives the group's address whether one is in it or has to wait.
        assert await peers.client.call("acceptInvite", code=code) == str(ours)
        [request] = await groups.requests(ours)
        assert peers.chat in (request.jid, request.alternate)
        [decided] = await groups.decide(ours, (request.jid,), approve=approve)
        assert decided.outcome is ParticipantOutcome.DONE
        within = {str(each.jid) for each in (await groups.get(ours)).participants}
        assert (peers.bob.lid in within) is approve
    await told(peers, "group_join", ours, "add")

    theirs = Jid.parse((await peers.client.call("createGroup", title="Terns", people=[cyd.jid]))["gid"])
    of = str(theirs)
    peers.bob.call("POST", f"/groups/{of}/setting", {"name": "approval", "value": True})
    code = await peers.client.call("inviteCode", of=of)
    assert (await groups.join(code)).pending is True
    await told(peers, "group_membership_request", theirs, "membership_approval_request")
    [[who, method]] = await peers.client.call("groupRequests", of=of)
    assert (who, method) == (peers.ann.lid, "InviteLink")
    await peers.client.call("rejectRequests", of=of, people=[who])
    assert await peers.client.call("groupRequests", of=of) == []
    assert (await groups.join(code)).pending is True
    [done] = await peers.client.call("approveRequests", of=of, people=None)
    assert done["message"] == "Approved successfully"

    async def within() -> bool:
        return (await groups.get(theirs)).me is Role.MEMBER

    await eventually(within, what="our being in it")


async def test_private_invitations_both_ways(peers: Peers) -> None:
    cyd = peers.sandbox.account("Cyd")
    groups = peers.page.groups
    for account in (peers.ann, peers.bob):
        account.call("PATCH", "", {"groups_add": "none"})
    try:
        person = (peers.chat,)
        made = await groups.create(Creation(token="private", subject="Wrens", participants=(Jid.parse(cyd.jid),)))
        [refused] = await groups.change_participants(made.group.jid, ParticipantAction.ADD, person)
        assert refused.outcome is ParticipantOutcome.INVITE_NEEDED
        invite = GroupInvite(
            group=made.group.jid,
            code=refused.invite_code or "",
            group_name="Wrens",
            caption="come in",
            expires_at=refused.invite_expires_at,
        )
        _, heard = await peers.send(invite)
        assert (heard["inviteV4"]["groupName"], heard["inviteV4"]["inviteCode"]) == ("Wrens", refused.invite_code)
        assert await peers.client.call("acceptInviteIn", of=heard["id"]) == 200
        await peers.notice(made.group.jid, NoticeKind.JOINED)

        theirs = Jid.parse((await peers.client.call("createGroup", title="Finches", people=[cyd.jid]))["gid"])
        mark = len(peers.ear.heard)
        added = await peers.client.call("addToGroup", of=str(theirs), people=[peers.ann.jid], invite=True)
        assert (added[peers.ann.jid]["code"], added[peers.ann.jid]["isInviteV4Sent"]) == (403, True)
        seen = await peers.came(lambda message: isinstance(message.content, GroupInvite), after=mark)
        assert isinstance(seen.content, GroupInvite)
        assert (seen.content.group, seen.content.group_name) == (theirs, "Finches")
        assert seen.content.expires_at is not None
    finally:
        for account in (peers.ann, peers.bob):
            account.call("PATCH", "", {"groups_add": "all"})
