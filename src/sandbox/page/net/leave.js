import { cmd } from "../domain/conn.js";
import { forgetLogin } from "../domain/me.js";
import { importNamespace } from "../loader.js";
import { settings } from "../settings.js";
import { deleteDatabases } from "../storage/idb.js";

/**
 * The end of the login: everything stored goes, `logout` is told, and the page starts anew a little later, so that
 * whoever asked for it gets an answer before the page goes away.
 *
 * @param {string} reason
 */
export async function endLogin(reason) {
  const reasons = importNamespace("WAWebLogoutReason");
  const code = reasons.getErrorCodeFromLogoutReason(reason);
  reasons.setPrevLogoutReasonCode(code);
  forgetLogin();
  await deleteDatabases();
  cmd.trigger("logout", reason);
  const target = new URL(location.href);
  target.searchParams.set("post_logout", "1");
  target.searchParams.set("logout_reason", code);
  setTimeout(() => location.replace(target), settings.logoutDelayMs);
}
