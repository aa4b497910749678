"""The use cases of chats, people, presence and calls, over any world."""

from typing import Any

from application.calls.manage_calls import ListCalls, RejectCall
from application.chats.fetch_history import FetchHistory
from application.chats.manage_chats import ClearChat, DeleteChat, GetChat, ListChats, UpdateChat
from application.contacts.blocklist import ListBlocked, SetBlocked
from application.contacts.manage_contacts import (
    CheckExistence,
    GetContact,
    GetIdentity,
    ListContacts,
    LookUpContact,
    RemoveContact,
    SaveContact,
)
from application.messages.record_page_news import RecordPageNews
from application.people.record_people_news import PersonLinks
from application.presence.manage_presence import SetActivity, SetPresence, SubscribePresence, UnsubscribePresence
from application.sessions.asking import PageAsker
from tests.unit.application.world import World


def people_use_cases(world: World) -> dict[str, Any]:
    """By their names in ``UseCases``."""
    database, clock = world.database, world.clock
    asker = PageAsker(database, clock, world.supervisor)
    links = PersonLinks(clock, world.ids)
    news = RecordPageNews(database, clock, world.ids, world.waiters)
    return {
        "list_chats": ListChats(asker),
        "get_chat": GetChat(asker),
        "update_chat": UpdateChat(asker, clock),
        "clear_chat": ClearChat(asker),
        "delete_chat": DeleteChat(asker),
        "fetch_history": FetchHistory(database, asker, news),
        "list_contacts": ListContacts(asker),
        "get_contact": GetContact(database, asker, links),
        "check_existence": CheckExistence(database, asker, links),
        "look_up_contact": LookUpContact(asker),
        "save_contact": SaveContact(asker),
        "remove_contact": RemoveContact(asker),
        "get_identity": GetIdentity(database),
        "list_blocked": ListBlocked(asker),
        "set_blocked": SetBlocked(asker),
        "set_presence": SetPresence(asker),
        "set_activity": SetActivity(asker),
        "subscribe_presence": SubscribePresence(database, asker),
        "unsubscribe_presence": UnsubscribePresence(database, clock),
        "list_calls": ListCalls(asker),
        "reject_call": RejectCall(asker),
    }
