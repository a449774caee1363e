// The key of this browser: Ed25519, made here. Its private half can be used and never be read, by nobody.

import { written } from "./statements.js";

const OPENED = { name: "klaswacht", version: 1, store: "kept" };

function database() {
  return new Promise((done, no) => {
    const asked = indexedDB.open(OPENED.name, OPENED.version);
    asked.onupgradeneeded = () => asked.result.createObjectStore(OPENED.store);
    asked.onsuccess = () => done(asked.result);
    asked.onerror = () => no(asked.error);
  });
}

async function kept(mode, work) {
  const opened = await database();
  try {
    return await new Promise((done, no) => {
      const asked = work(opened.transaction(OPENED.store, mode).objectStore(OPENED.store));
      asked.onsuccess = () => done(asked.result);
      asked.onerror = () => no(asked.error);
    });
  } finally {
    opened.close();
  }
}

/** The enrolment: `{device, pair}`, or undefined. */
export const enrolment = () => kept("readonly", (store) => store.get("enrolment"));

/** Keep an enrolment, in the place of one from before. */
export const keep = (found) => kept("readwrite", (store) => store.put(found, "enrolment"));

/** A new pair, not to be taken out, with its public half as the guard reads it. */
export async function newPair() {
  const pair = await crypto.subtle.generateKey({ name: "Ed25519" }, false, ["sign", "verify"]);
  return { pair, public: written(await crypto.subtle.exportKey("raw", pair.publicKey)) };
}

/** The signature under bytes, as the guard reads it. */
export async function sign(pair, bytes) {
  return written(await crypto.subtle.sign({ name: "Ed25519" }, pair.privateKey, bytes));
}
