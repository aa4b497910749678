import { define } from "../../loader.js";
import { canEditCaption, canEditText, defineEdits } from "./edits.js";
import { defineEventEdits } from "./event-edits.js";
import { resumeAddons } from "./outbox.js";
import { definePins, loadPins } from "./pins.js";
import { defineReactions } from "./reactions.js";
import { defineResponses } from "./responses.js";
import { canAdminRevokeMsg, canSenderRevokeMsg, defineRevokes, loadRevoked } from "./revokes.js";
import { canStarMsg, defineStars, loadStars } from "./stars.js";
import { defineVotes } from "./votes.js";

export function defineAddons() {
  defineReactions();
  defineEdits();
  defineRevokes();
  defineVotes();
  defineResponses();
  defineEventEdits();
  definePins();
  defineStars();
  define("WAWebMsgActionCapability", {
    canEditText, canEditCaption, canSenderRevokeMsg, canAdminRevokeMsg, canStarMsg,
  });
  resumeAddons();
}

export async function loadAddons() {
  await loadRevoked();
  await loadPins();
  loadStars();
}
