/** What is done to messages for this account alone, or told to their writer without a message. */

import type { ChatModel, MsgModel } from "./page";
import { findMessage, findTombstone } from "./find";
import { BridgeError } from "./protocol";

type Args = Readonly<Record<string, unknown>>;

interface Done {
  readonly at: number;
}

const VOICE = "ptt";
const PLAYED = 4;

const now = (): Done => ({ at: Date.now() });

async function targetOf(args: Args, also: (id: string) => MsgModel | undefined = () => undefined): Promise<MsgModel> {
  const id = String(args["target"]);
  const msg = (await findMessage(id)) ?? also(id);
  if (!msg) throw new BridgeError("TARGET_UNKNOWN", "the page doesn't have it");
  return msg;
}

function chatOf(msg: MsgModel): ChatModel {
  const chat = WPP.whatsapp.ChatStore.get(msg.id.remote);
  if (!chat) throw new BridgeError("TARGET_UNKNOWN", "the page doesn't have its chat");
  return chat;
}

export async function star(args: Args): Promise<Done> {
  const msg = await targetOf(args);
  const wanted = Boolean(args["starred"]);
  if (Boolean(msg.star) === wanted) return now();
  const chat = chatOf(msg);
  const { Cmd } = WPP.whatsapp;
  // The types say that it gives nothing; newer pages give a promise, older ones leave it with the chat.
  const given: unknown = wanted ? Cmd.sendStarMsgs(chat, [msg]) : Cmd.sendUnstarMsgs(chat, [msg]);
  await given;
  await (chat.promises as { sendStarMsgs?: Promise<unknown> } | undefined)?.sendStarMsgs;
  if (Boolean(msg.star) !== wanted) throw new BridgeError("SEND_UNCONFIRMED", "the star is as it was");
  return now();
}

/** Deletes a message on this account's devices. */
export async function deleteForMe(args: Args): Promise<Done> {
  const msg = await targetOf(args, findTombstone);
  const given = { type: "message", list: [msg] } as unknown as Parameters<typeof WPP.whatsapp.Cmd.sendDeleteMsgs>[1];
  await WPP.whatsapp.Cmd.sendDeleteMsgs(chatOf(msg), given, true as never);
  if (await findMessage(String(args["target"]))) throw new BridgeError("SEND_UNCONFIRMED", "the message is still there");
  return now();
}

export async function markPlayed(args: Args): Promise<Done> {
  const msg = await targetOf(args);
  if (msg.id.fromMe || msg.type !== VOICE) throw new BridgeError("NOT_PLAYABLE", "not a voice note of somebody else");
  const { canMarkPlayed } = WPP.whatsapp.functions;
  if (Number(msg.ack) >= PLAYED || !canMarkPlayed(msg)) return now();
  await WPP.whatsapp.functions.markPlayed(msg);
  return now();
}
