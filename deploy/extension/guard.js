// Speaks with the school's guard, by its pupils' host and nothing else. Over https with the school's own certificate:
// outside the school nobody can answer in its place, and the question has nothing in it.

import { enrolment, keep, newPair, sign } from "./key.js";
import * as statements from "./statements.js";

const SHORT = 4000; // milliseconds: who is not there in this time is not there
const HELD = 40000; // milliseconds: the guard holds the answer to a beat for 20 seconds

let read;
/** Whose guard it is: `{school, name, pupils}`, as it was packed. */
export const school = () => (read ??= fetch(chrome.runtime.getURL("school.json")).then((file) => file.json()));

async function asked(path, body, patience) {
  const { pupils } = await school();
  return fetch(`https://${pupils}/_klaswacht/${path}`, {
    method: body ? "POST" : "GET",
    body: body && JSON.stringify(body), // as plain text: a question that needs no other question first
    credentials: "omit",
    cache: "no-store",
    redirect: "error",
    referrerPolicy: "no-referrer",
    signal: AbortSignal.timeout(patience),
  });
}

/** What holds here now; null where there is no guard of this school. */
export async function status() {
  try {
    const answer = await asked("extensie", null, SHORT);
    const told = answer.ok ? await answer.json() : null;
    return told && told.school === (await school()).school ? told : null;
  } catch {
    return null;
  }
}

async function sent(path, body, patience = SHORT) {
  try {
    const answer = await asked(path, body, patience);
    return { status: answer.status, told: await answer.json().catch(() => ({})) };
  } catch {
    return { status: 0, told: {} };
  }
}

/** Hand in a new key for a one-time code; whether it was taken. */
export async function enrol(code) {
  const { pair, public: key } = await newPair();
  const { status: said, told } = await sent("extensie", { do: "enrol", code, key });
  if (said !== 200) return false;
  await keep({ device: told.device, pair });
  return true;
}

/** Tell who signed in here; the guard's status. */
export async function lease(told, account) {
  const mine = await enrolment();
  if (!mine || !account) return 0;
  const bytes = statements.lease(told.school, mine.device, account, told.number);
  const signature = await sign(mine.pair, bytes);
  const question = { do: "lease", device: mine.device, account, number: told.number, signature };
  return (await sent("extensie", question)).status;
}

const beaten = { nonce: "", revision: -1, last: 0, ahead: 0, refused: false };

/** Whether the guard did not know this key when it was used last: taken out of the register, or too new for it. */
export const refused = () => beaten.refused;

/** Say that this device is here, and wait for news as long as the guard holds the answer; its status (0: no key). */
export async function beat(told) {
  const mine = await enrolment();
  if (!mine) return 0;
  for (let turn = 0; turn < 3; turn += 1) {
    const at = Math.max(Date.now() * 1000 + beaten.ahead, beaten.last + 1);
    const bytes = statements.beat(told.school, mine.device, at, beaten.nonce, beaten.revision);
    const signature = await sign(mine.pair, bytes);
    const question = { device: mine.device, at, nonce: beaten.nonce, revision: beaten.revision, signature };
    const { status: said, told: answer } = await sent("beat", question, HELD);
    beaten.last = at;
    if (answer.nonce) beaten.nonce = answer.nonce;
    if (answer.now) beaten.ahead = (Date.parse(answer.now) - Date.now()) * 1000;
    if (answer.after) beaten.last = Math.max(beaten.last, answer.after);
    if (said === 200) beaten.revision = answer.revision;
    beaten.refused = said === 401;
    if (said !== 425) return said;
  }
  return 425;
}
