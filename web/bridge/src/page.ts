/** wa-js's own names for the page's objects. */

import type { whatsapp } from "@wppconnect/wa-js";

export type ChatModel = whatsapp.ChatModel;
export type ContactModel = whatsapp.ContactModel;
export type MsgKey = whatsapp.MsgKey;
export type MsgModel = whatsapp.MsgModel;
export type Wid = whatsapp.Wid;
