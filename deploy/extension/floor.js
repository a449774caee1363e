// Where no guard is: the safety floor, a short list of sites that are closed everywhere. The browser itself closes
// them; this extension does not see who tries. Where the guard is, it says so with a page, and this list rests.

const RULE = 1;
const MOST = 5000;

/** The rule for these hosts and what is below them. */
export function rule(hosts) {
  return {
    id: RULE,
    action: { type: "block" },
    condition: { requestDomains: hosts, resourceTypes: ["main_frame", "sub_frame", "image", "media", "xmlhttprequest", "websocket", "other"] },
  };
}

/** Close the floor, or open it. `more` are the school's own additions. */
export async function floor(closed, more) {
  const standing = await chrome.declarativeNetRequest.getDynamicRules();
  if (!closed) {
    if (standing.length) await chrome.declarativeNetRequest.updateDynamicRules({ removeRuleIds: standing.map((one) => one.id) });
    return;
  }
  const packed = await (await fetch(chrome.runtime.getURL("floor.json"))).json();
  const hosts = [...new Set([...packed.hosts, ...(more || [])])].filter((one) => /^[a-z0-9.-]+$/.test(one)).sort();
  const wanted = rule(hosts.slice(0, MOST));
  const same = standing.length === 1 && JSON.stringify(standing[0].condition.requestDomains) === JSON.stringify(wanted.condition.requestDomains);
  if (same || !hosts.length) return;
  await chrome.declarativeNetRequest.updateDynamicRules({ removeRuleIds: standing.map((one) => one.id), addRules: [wanted] });
}
