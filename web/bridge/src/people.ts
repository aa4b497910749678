/** The commands and the news of chats, people, presence and calls. */

import { followCalls, listCalls, rejectCall } from "./calls";
import type { Channel } from "./channel";
import { changeChat, clearChat, deleteChat, followChats, getChat, listChats, olderMessages } from "./chats";
import {
  about, block, business, commonGroups, existAll, followContacts, getContact, listBlocked, listContacts, picture,
  removeContact, saveContact, unblock,
} from "./contacts";
import { act, bePresent, followPresence, subscribePresence } from "./presence";

export const PEOPLE_HANDLERS = {
  listChats, getChat, changeChat, clearChat, deleteChat, olderMessages,
  listContacts, getContact, existAll, picture, about, business, commonGroups, saveContact, removeContact,
  listBlocked, block, unblock,
  bePresent, act, subscribePresence,
  listCalls, rejectCall,
};

/** Each by itself: a page that lacks one tells of the others. */
export function followPeople(channel: Channel): void {
  for (const follow of [followChats, followContacts, followPresence, followCalls]) {
    try {
      follow(channel);
    } catch (error) {
      channel.fault(follow.name, error);
    }
  }
}
