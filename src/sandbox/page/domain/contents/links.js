import { define, importNamespace } from "../../loader.js";
import { findLinks } from "../utils.js";

/**
 * What a text shows of a link in it. The live page asks WhatsApp's servers, or the site itself; the sandbox's page asks
 * nobody: it knows of a link what stands in the text.
 */

/** @typedef {{url?: string, href?: string}} Link */

/** @param {Link | string} link */
const urlOf = (link) => (typeof link === "string" ? link : (link.url ?? link.href ?? ""));

/** @param {Link | string} link */
async function genMinimalLinkPreview(link) {
  const url = urlOf(link);
  return { url, data: { title: new URL(url).host, canonicalUrl: url, matchedText: url, richPreviewType: 0, doNotPlayInline: true } };
}

/**
 * @param {Link} link
 * @returns {Promise<{url: string, data: Record<string, any>} | undefined>}
 */
async function getLinkPreview(link) {
  // Through the namespace: wa-js replaces it.
  const preview = await importNamespace("WAWebGenMinimalLinkPreviewChatAction").genMinimalLinkPreview({ url: urlOf(link) });
  return preview?.data ? { ...preview, data: { ...preview.data, matchedText: preview.data.matchedText ?? urlOf(link) } } : undefined;
}

/** @param {string} text */
function findFirstWebLink(text) {
  const [first] = findLinks(text);
  return first && { ...first, url: first.href };
}

export function defineLinks() {
  define("WAWebLinkPreviewChatAction", { getLinkPreview });
  define("WAWebGenMinimalLinkPreviewChatAction", { genMinimalLinkPreview });
  define("useWAWebLinkPreview", { findFirstWebLink });
}
