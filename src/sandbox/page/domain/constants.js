import { define } from "../loader.js";
import { VERSION } from "../settings.js";

/** Names and numbers that the libraries read; the values are those of their own type declarations. */

export const ACK = {
  MD_DOWNGRADE: -7,
  INACTIVE: -6,
  CONTENT_UNUPLOADABLE: -5,
  CONTENT_TOO_BIG: -4,
  CONTENT_GONE: -3,
  EXPIRED: -2,
  FAILED: -1,
  CLOCK: 0,
  SENT: 1,
  RECEIVED: 2,
  READ: 3,
  PLAYED: 4,
  PEER: 5,
};

const ACK_STRING = {
  SENDER: "sender",
  DELIVERY: "delivery",
  READ: "read",
  PLAYED: "played",
  INACTIVE: "inactive",
  READ_SELF: "read-self",
  PLAYED_SELF: "played-self",
};

export const SOCKET_STATE = {
  OPENING: "OPENING",
  PAIRING: "PAIRING",
  UNPAIRED: "UNPAIRED",
  UNPAIRED_IDLE: "UNPAIRED_IDLE",
  CONNECTED: "CONNECTED",
  TIMEOUT: "TIMEOUT",
  CONFLICT: "CONFLICT",
  UNLAUNCHED: "UNLAUNCHED",
  PROXYBLOCK: "PROXYBLOCK",
  TOS_BLOCK: "TOS_BLOCK",
  SMB_TOS_BLOCK: "SMB_TOS_BLOCK",
  DEPRECATED_VERSION: "DEPRECATED_VERSION",
};

export const SOCKET_STREAM = {
  DISCONNECTED: "DISCONNECTED",
  SYNCING: "SYNCING",
  RESUMING: "RESUMING",
  CONNECTED: "CONNECTED",
};

export const STREAM_MODE = { QR: "QR", MAIN: "MAIN", SYNCING: "SYNCING", OFFLINE: "OFFLINE", CONFLICT: "CONFLICT" };
export const STREAM_INFO = {
  OFFLINE: "OFFLINE",
  OPENING: "OPENING",
  PAIRING: "PAIRING",
  SYNCING: "SYNCING",
  RESUMING: "RESUMING",
  CONNECTING: "CONNECTING",
  NORMAL: "NORMAL",
  PASSKEY: "PASSKEY",
};

export const SEND_RESULT = {
  OK: "OK",
  ERROR_NETWORK: "ERROR_NETWORK",
  ERROR_EXPIRED: "ERROR_EXPIRED",
  ERROR_CANCELLED: "ERROR_CANCELLED",
  ERROR_UPLOAD: "ERROR_UPLOAD",
  ERROR_UNKNOWN: "ERROR_UNKNOWN",
};

const MSG_TYPE = Object.fromEntries(
  [
    "notification", "notification_template", "group_notification", "gp2", "broadcast_notification", "e2e_notification",
    "call_log", "protocol", "chat", "location", "payment", "vcard", "ciphertext", "multi_vcard", "revoked", "oversized",
    "groups_v4_invite", "hsm", "template_button_reply", "image", "video", "audio", "ptt", "sticker", "document",
    "product", "order", "list", "interactive", "list_response", "buttons_response", "reaction", "native_flow",
    "poll_creation", "poll_update", "event_creation", "unknown",
  ].map((type) => [type.toUpperCase(), type]),
);

/** Types that tell something about the chat and are no message of a person. */
export const SYSTEM_MESSAGE_TYPES = [
  "notification", "notification_template", "group_notification", "gp2", "broadcast_notification", "e2e_notification",
  "call_log", "protocol",
];

/** Why a page lost its login, by the names and numbers wa-js declares. */
export const LOGOUT_REASON = {
  UserInitiated: "user_initiated",
  SyncdFailure: "syncd_failure",
  InvalidAdvStatus: "invalid_adv_status",
  UnknownCompanion: "unknown_companion",
  AccountLocked: "account_locked",
};
const LOGOUT_REASON_CODE = {
  CLIENT_FATAL: "0",
  SYNC_FAIL: "1",
  INITIAL_HISTORY_SYNC_TIMEOUT: "2",
  ACCOUNT_LOCKED: "3",
};

export function defineConstants() {
  const [primary = "2", secondary = "3000", tertiary = "0"] = VERSION.split(".");
  define("WAWebBuildConstants", {
    SANITIZED_VERSION_STR: VERSION,
    VERSION_STR: VERSION,
    VERSION_BASE: VERSION,
    VERSION_PRIMARY: primary,
    VERSION_SECONDARY: secondary,
    VERSION_TERTIARY: tertiary,
  });
  define("WAWebAck", { ACK, ACK_STRING, EDIT_ATTR: { SENDER_REVOKE: 7, ADMIN_REVOKE: 8 } });
  define("WAWebSocketConstants", {
    SOCKET_STATE,
    SOCKET_STREAM,
    WATCHED_SOCKET_STATE: { PENDING_PHONE: "PENDING_PHONE", PENDING_STREAM: "PENDING_STREAM" },
  });
  define("WAWebSendMsgResultAction", { SendMsgResult: SEND_RESULT });
  define("WAMsgType", { MSG_TYPE, SYSTEM_MESSAGE_TYPES });
  define("WAWebLogoutReasonConstants", { LogoutReason: LOGOUT_REASON, LOGOUT_REASON_CODE });
  define("WAWebGroupConstants", {
    GROUP_SETTING_TYPE: {
      ANNOUNCEMENT: "announcement",
      RESTRICT: "restrict",
      NO_FREQUENTLY_FORWARDED: "no_frequently_forwarded",
      EPHEMERAL: "ephemeral",
    },
  });
  define("WAWebNonJidMentionType", { default: { MENTION_ALL: 1 } });
  define("WAWebServerPropConstants", { MAX_FILE_SIZE_BYTES: 100 * 1024 * 1024, MULTICAST_LIMIT_GLOBAL: 5 });
  define("WAWebIsOfficialClient", { isOfficialClient: false });
  define("WAWebEnvironment", { default: { isWeb: true, isWindows: false, isGuest: false } });
}
