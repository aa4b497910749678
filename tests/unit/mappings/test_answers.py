"""What is answered over REST and gRPC beside contents and payloads: whole, in the documented form, and read back."""

import json
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from application.pacing.read_quota import Quota
from application.ports.message_states import ParticipantReceipt
from application.ports.webhook_log import DeadLetter, Delivery
from application.representation import access as access_forms
from application.representation import groups as group_forms
from application.representation import media as media_forms
from application.representation import message_state as state_forms
from application.representation import messages as message_forms
from application.representation import people as people_forms
from application.representation import sessions as session_forms
from application.representation.content import CONTENT_FORMS
from application.representation.events import PAYLOAD_FORMS, event_to_dict
from application.representation.proxies import proxy_from_dict, proxy_to_dict
from application.representation.quota import quota_to_dict, shown_restriction
from application.representation.suppressions import shown_suppression_to_dict
from application.webhooks import representation as webhook_forms
from application.webhooks.envelope import envelope_of
from application.webhooks.read_webhooks import WebhookReport
from domain.access import ApiKey, User
from domain.bridge import Bridge
from domain.call import Call
from domain.changes import Reacted, Voted
from domain.chat import Chat
from domain.contact import BusinessProfile, Contact, Existence
from domain.group import (
    CreatedGroup,
    Group,
    GroupPreview,
    GroupSettings,
    Joined,
    JoinRequest,
    MemberAddMode,
    ParticipantResult,
)
from domain.media import Media, MediaFacts
from domain.message import Message
from domain.message_state import OptionResult
from domain.pacing import Restriction
from domain.person import Person, person_of
from domain.presence import Presence
from domain.proxy import Proxy
from domain.session import Capability, Me, PairingCode, QrCode, Session, StatusChange
from domain.suppression import ShownSuppression
from domain.webhook import WebhookEndpoint
from entrypoints.grpc.converters import (
    access,
    groups,
    media,
    message_changes,
    messages,
    pacing,
    people,
    sessions,
    suppressions,
    webhooks,
)
from entrypoints.grpc.converters.events import event_to_proto
from entrypoints.rest.models import access as access_models
from entrypoints.rest.models import events as event_models
from entrypoints.rest.models import groups as group_models
from entrypoints.rest.models import media as media_models
from entrypoints.rest.models import message_operations as operation_models
from entrypoints.rest.models import messages as message_models
from entrypoints.rest.models import pacing as pacing_models
from entrypoints.rest.models import people as people_models
from entrypoints.rest.models import proxies as proxy_models
from entrypoints.rest.models import sessions as session_models
from entrypoints.rest.models import webhooks as webhook_models
from entrypoints.rest.models.common import AnswerModel
from entrypoints.rest.routes.message_operations import _receipt_to_dict
from tests.unit.mappings import values

QUICK = settings(max_examples=15)
seconds = st.integers(0, 10**6).map(lambda given: timedelta(seconds=given))
rules = st.builds(
    GroupSettings,
    announce=st.booleans(),
    restrict=st.booleans(),
    member_add_mode=st.sampled_from(MemberAddMode),
    join_approval=st.booleans(),
    ephemeral=seconds,
)
groups_shown = values.whole(Group, settings=rules)
facts = values.whole(MediaFacts, waveform=st.none() | st.lists(st.integers(0, 100), min_size=1, max_size=64).map(tuple))
endpoints = values.whole(WebhookEndpoint, give_up_after=seconds)


@dataclass(frozen=True)
class Answer:
    """A sort of answer.

    Attributes:
        write: as JSON; None: it isn't shown so by a function of its own.
        read: reads that, where it is kept anywhere.
        proto: as a gRPC message.
        model: its documented form.
        hidden: fields that aren't shown on purpose.
        together: fields that change with each other alone.
    """

    kind: type[Any]
    write: Callable[[Any], Any] | None = None
    read: Callable[[Any], Any] | None = None
    proto: Callable[[Any], Any] | None = None
    model: type[AnswerModel] | None = None
    values: st.SearchStrategy[Any] | None = None
    hidden: frozenset[str] = frozenset()
    together: tuple[str, ...] = ()

    def drawn(self) -> st.SearchStrategy[Any]:
        return values.any_of(self.kind) if self.values is None else self.values


S, G, P, W = session_forms, group_forms, people_forms, webhook_forms
SM, GM, PM, WM = session_models, group_models, people_models, webhook_models
_SECRETS = frozenset({"secret", "headers", "retired"})
_FORMS = ("jid", "alternate")
_CHANGE = frozenset({"target", "chat"})
ANSWERS = (
    Answer(
        Session,
        S.session_to_dict,
        S.session_from_dict,
        sessions.session_to_proto,
        SM.Session,
        values.whole(Session, proxy=st.none() | values.SHOWN_PROXIES),
    ),
    Answer(
        Proxy,
        proxy_to_dict,
        proxy_from_dict,
        sessions.proxy_to_proto,
        proxy_models.Proxy,
        values.SHOWN_PROXIES,
    ),
    Answer(Me, S.me_to_dict, S.me_from_dict, sessions.me_to_proto, SM.Me),
    Answer(StatusChange, S.status_change_to_dict, None, sessions.status_change_to_proto, SM.StatusChange),
    Answer(Capability, S.capability_to_dict, None, sessions.capability_to_proto, SM.Capability),
    Answer(Bridge, S.bridge_to_dict, None, sessions.bridge_to_proto, SM.Bridge),
    Answer(Quota, quota_to_dict, None, pacing.quota_to_proto, pacing_models.Quota),
    Answer(
        Restriction,
        shown_restriction,
        None,
        pacing.restriction_to_proto,
        pacing_models.Restriction,
        # Only one that isn't over is shown.
        hidden=frozenset({"is_over"}),
    ),
    Answer(
        ShownSuppression,
        shown_suppression_to_dict,
        None,
        suppressions.suppression_to_proto,
        pacing_models.Suppression,
        # Of the person the phone number and the LID are shown: tests/integration/gateway/test_governor.py.
        hidden=frozenset({"person"}),
    ),
    Answer(QrCode, None, None, sessions.qr_to_proto),
    Answer(PairingCode, None, None, sessions.pairing_code_to_proto),
    Answer(Group, G.group_to_dict, G.group_from_dict, groups.group_to_proto, GM.Group, values=groups_shown),
    Answer(ParticipantResult, G.result_to_dict, G.result_from_dict, groups.result_to_proto, GM.ParticipantResult),
    Answer(
        CreatedGroup,
        G.created_to_dict,
        G.created_from_dict,
        None,
        GM.CreatedGroup,
        values=values.whole(CreatedGroup, group=groups_shown),
    ),
    Answer(Joined, G.joined_to_dict, G.joined_from_dict, None, GM.Joined),
    Answer(GroupPreview, G.preview_to_dict, None, groups.preview_to_proto, GM.Preview),
    Answer(JoinRequest, G.request_to_dict, None, groups.join_request_to_proto, GM.JoinRequest),
    Answer(Chat, P.chat_to_dict, P.chat_from_dict, people.chat_to_proto, PM.Chat, together=_FORMS),
    Answer(Contact, P.contact_to_dict, P.contact_from_dict, people.contact_to_proto, PM.Contact, together=_FORMS),
    Answer(Existence, P.existence_to_dict, P.existence_from_dict, people.existence_to_proto, PM.Existence),
    Answer(BusinessProfile, P.business_to_dict, None, people.business_to_proto, PM.BusinessProfile),
    Answer(
        Person,
        P.person_to_dict,
        None,
        people.person_to_proto,
        PM.Identity,
        values=st.builds(person_of, st.lists(values.JIDS, min_size=1, max_size=3), st.none() | st.just("ana")),
    ),
    Answer(
        Presence,
        P.presence_to_dict,
        P.presence_from_dict,
        people.presence_to_proto,
        PM.Presence,
        together=("chat", "alternate"),
    ),
    Answer(Call, P.call_to_dict, P.call_from_dict, people.call_to_proto, PM.Call, together=("caller", "alternate")),
    Answer(
        Media,
        media_forms.media_to_dict,
        media_forms.media_from_dict,
        media.media_to_proto,
        media_models.Media,
        values=values.whole(Media, facts=facts),
    ),
    Answer(MediaFacts, media_forms.facts_to_dict, media_forms.facts_from_dict, values=facts),
    Answer(WebhookEndpoint, W.webhook_to_dict, None, webhooks.webhook_to_proto, WM.Webhook, endpoints, _SECRETS),
    Answer(
        WebhookReport,
        W.report_to_dict,
        values=values.whole(
            WebhookReport,
            endpoint=endpoints,
            backlog=st.integers(0, 9),
            dead_letters=st.integers(0, 9),
            last_success_at=st.none() | values.TIMES,
        ),
        hidden=frozenset({"endpoint"}),
    ),
    Answer(
        Delivery,
        W.delivery_to_dict,
        None,
        webhooks.delivery_to_proto,
        WM.Delivery,
        hidden=frozenset({"webhook_id"}),
    ),
    Answer(
        DeadLetter,
        W.dead_letter_to_dict,
        None,
        webhooks.dead_letter_to_proto,
        WM.DeadLetter,
        hidden=frozenset({"webhook_id"}),
    ),
    Answer(
        ParticipantReceipt,
        _receipt_to_dict,
        None,
        messages.receipt_to_proto,
        operation_models.ParticipantReceipt,
        values=st.from_type(ParticipantReceipt).filter(lambda receipt: receipt.status is not None),
    ),
    Answer(
        Reacted,
        state_forms.reaction_to_dict,
        None,
        message_changes.reaction_to_proto,
        message_models.MessageReaction,
        hidden=_CHANGE,
    ),
    Answer(
        Voted,
        state_forms.vote_to_dict,
        None,
        message_changes.vote_to_proto,
        message_models.MessageVote,
        hidden=_CHANGE,
    ),
    Answer(OptionResult, state_forms.result_to_dict, None, message_changes.result_to_proto, message_models.PollResult),
    Answer(User, access_forms.user_to_dict, None, access.user_to_proto, access_models.User),
    Answer(
        ApiKey,
        access_forms.api_key_to_dict,
        None,
        access.api_key_to_proto,
        access_models.ApiKey,
        hidden=frozenset({"request_scope"}),
    ),
    Answer(Message, message_forms.message_to_dict, message_forms.message_from_dict, messages.message_to_proto),
)
BY_NAME = {answer.kind.__name__: answer for answer in ANSWERS}


def through_json(told: Any) -> Any:
    return json.loads(json.dumps(told))


def through_wire(told: Any) -> Any:
    return type(told).FromString(told.SerializeToString())


@pytest.mark.parametrize("answer", [each for each in ANSWERS if each.read], ids=lambda each: each.kind.__name__)
@QUICK
@given(data=st.data())
def test_what_is_kept_is_read_as_it_was_written(answer: Answer, data: st.DataObject) -> None:
    value = data.draw(answer.drawn())
    assert answer.write is not None
    assert answer.read is not None
    assert answer.read(through_json(answer.write(value))) == value


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda each: each.kind.__name__)
@QUICK
@given(data=st.data())
def test_it_is_told_whole(answer: Answer, data: st.DataObject) -> None:
    """What differs in one field is shown differently, over both."""
    one, other = data.draw(answer.drawn()), data.draw(answer.drawn())
    shown = [field.name for field in fields(answer.kind) if field.name not in answer.hidden]
    name = data.draw(st.sampled_from(shown))
    names = answer.together if name in answer.together else (name,)
    changed = replace(one, **{each: getattr(other, each) for each in names})
    for show, carry in ((answer.write, through_json), (answer.proto, through_wire)):
        if show is not None:
            assert (carry(show(one)) == carry(show(changed))) is (one == changed), name


@pytest.mark.parametrize("answer", [each for each in ANSWERS if each.model], ids=lambda each: each.kind.__name__)
@QUICK
@given(data=st.data())
def test_it_has_the_documented_form(answer: Answer, data: st.DataObject) -> None:
    assert answer.write is not None
    assert answer.model is not None
    told = answer.write(data.draw(answer.drawn()))
    answer.model.model_validate_json(json.dumps(told), strict=True)
    assert {field.alias or name for name, field in answer.model.model_fields.items()} == set(told)


@QUICK
@given(endpoints, st.sampled_from(["secret", "headers"]))
def test_an_endpoints_secrets_stay_with_it(endpoint: WebhookEndpoint, name: str) -> None:
    secret, headers = "whsec_c2VjcmV0", {"X-Token": "s3cret-value"}
    endpoint = replace(endpoint, secret=secret, headers=headers)
    told = json.dumps(W.webhook_to_dict(endpoint)) + repr(webhooks.webhook_to_proto(endpoint)) + repr(endpoint)
    assert {"secret": secret, "headers": "s3cret-value"}[name] not in told
    assert W.new_webhook_to_dict(endpoint) == W.webhook_to_dict(endpoint) | {"secret": secret}


@pytest.mark.parametrize("form", CONTENT_FORMS, ids=lambda form: form.name)
@settings(max_examples=8)
@given(data=st.data())
def test_a_message_has_the_documented_form(form: Any, data: st.DataObject) -> None:
    told = message_forms.message_to_dict(data.draw(values.in_message(form.kind)))
    message_models.Message.model_validate_json(json.dumps(told), strict=True)
    assert {*told} - {form.name} <= {field.alias or name for name, field in message_models.Message.model_fields.items()}


@pytest.mark.parametrize("form", PAYLOAD_FORMS, ids=lambda form: form.kind.TYPE)
@settings(max_examples=8)
@given(data=st.data())
def test_an_event_has_the_documented_form(form: Any, data: st.DataObject) -> None:
    event = data.draw(values.in_event(form.kind))
    told = event_to_dict(event)
    event_models.Event.model_validate_json(json.dumps(told), strict=True)
    assert json.loads(envelope_of(event)) == through_json(told)
    shown = event_to_proto(event)
    assert (shown.id, shown.type, shown.sequence) == (told["id"], told["type"], told["sequence"])
