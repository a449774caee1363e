// The extension's own process: the button, the badge, and the word to the school's guard.

import { badge, rest } from "./badge.js";
import { floor } from "./floor.js";
import * as guard from "./guard.js";
import { enrolment } from "./key.js";

const text = (name) => chrome.i18n.getMessage(name);
const LOCAL = chrome.runtime.getURL("tell.html");
const PATIENCE = 3000; // milliseconds: a page that hangs is left
const EVERY = 20; // seconds between questions where nothing is known to change
const COLOR = "#1f7a7a";

// --- the button ----------------------------------------------------------------------------------------------------

const late = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds, "late"));

/** Cover a tab at once. Where no script may run, or the page hangs, it goes away. */
async function cover(tab) {
  const muted = chrome.tabs.update(tab.id, { muted: true }).catch(() => {});
  const run = chrome.scripting
    .executeScript({ target: { tabId: tab.id, allFrames: true }, files: ["cover.js"], injectImmediately: true })
    .then((frames) => frames.find((one) => one.frameId === 0)?.result)
    .catch(() => "not");
  const said = await Promise.race([run, late(PATIENCE)]);
  await muted;
  if (said === "again") return tell(tab.index);
  if (said !== "covered") await away(tab.id);
}

/** Put our own page in the place of one. */
const away = (tabId) => chrome.tabs.update(tabId, { url: LOCAL, muted: false });

/** Open where a child can tell it: the guard's page, or away from school our own with people to talk to. */
async function tell(index) {
  const told = await guard.status();
  await chrome.tabs.create({ url: told && told.tell ? told.tell : LOCAL, ...(index === undefined ? {} : { index: index + 1 }) });
}

chrome.action.onClicked.addListener(cover);

chrome.runtime.onMessage.addListener((said, sender, answer) => {
  if (sender.id !== chrome.runtime.id) return undefined;
  const tab = sender.tab;
  const does = {
    tell: () => tell(tab?.index),
    away: () => tab && away(tab.id),
    back: () => tab && chrome.tabs.update(tab.id, { muted: false }),
    close: () => tab && closed(tab.id),
    enrol: async () => {
      const done = !tab || sender.url?.startsWith(chrome.runtime.getURL("")) ? await guard.enrol(String(said.code)) : false;
      if (done) round();
      return done;
    },
  };
  if (!Object.hasOwn(does, said.do)) return undefined;
  Promise.resolve(does[said.do]()).then((done) => answer(done ?? true), () => answer(false));
  return true;
});

/** Close a tab; the last one of a window becomes an empty one. */
async function closed(tabId) {
  const tabs = await chrome.tabs.query({ currentWindow: true });
  if (tabs.length < 2) await chrome.tabs.create({});
  await chrome.tabs.remove(tabId);
}

// --- the badge and the guard ---------------------------------------------------------------------------------------

const managed = () => chrome.storage.managed.get().catch(() => ({}));

/** The account that this browser is signed in with, or the one that the school says it is of. */
async function account(settings) {
  const { email } = await chrome.identity.getProfileUserInfo({ accountStatus: "ANY" }).catch(() => ({ email: "" }));
  return email || settings.account || "";
}

async function show(told) {
  const shown = badge(told, text("button"), Date.now() / 1000);
  await chrome.action.setBadgeBackgroundColor({ color: COLOR });
  await chrome.action.setBadgeText({ text: shown.text });
  await chrome.action.setTitle({ title: shown.title });
}

const AGAIN = 61000; // milliseconds before a seat is asked for again that was refused: the guard counts

let sat = ""; // for which account a seat was asked last
let refused = -AGAIN; // when one was refused, by this process's own clock

/** Ask once and do what follows from it; what the guard told, or null. */
async function look() {
  const told = await guard.status();
  const settings = await managed();
  await floor(!told, settings.floor);
  await show(told);
  if (!told) return null;
  if (settings.code && (guard.refused() || !(await enrolment()))) {
    const { tried } = await chrome.storage.session.get("tried"); // a code is good once
    if (tried !== settings.code) {
      await chrome.storage.session.set({ tried: settings.code });
      await guard.enrol(settings.code);
    }
  }
  return told;
}

/** Sit down: tell who signed in, where the guard does not know it yet. */
async function sit(told) {
  const who = await account(await managed());
  if (!who || (told.known === "person" && sat === who)) return;
  if (sat === who && performance.now() - refused < AGAIN) return;
  const seated = (await guard.lease(told, who)) === 200;
  sat = who;
  refused = seated ? -AGAIN : performance.now();
  if (seated) await show(await guard.status());
}

let running = null;

/** Stay with the guard for as long as it is there; the browser wakes us again when we sleep. */
function round() {
  running ??= (async () => {
    for (let bound = false; ; ) {
      const told = await look();
      if (!told || !(await enrolment())) return;
      const pause = rest(told, EVERY, Date.now() / 1000) * 1000;
      // The first beat is answered at once and proves where this device is: a seat is asked for after that.
      const news = guard.beat(told).then((said) => (said === 200 ? said : late(pause)));
      if (!bound) bound = (await Promise.race([news, late(pause)])) === 200;
      await sit(told);
      if (bound) await Promise.race([news, late(pause)]);
    }
  })().finally(() => {
    running = null;
  });
  return running;
}

chrome.alarms.onAlarm.addListener(round);
chrome.runtime.onStartup.addListener(round);
chrome.runtime.onInstalled.addListener(round);
chrome.storage.managed.onChanged.addListener(round);
chrome.alarms.create("round", { periodInMinutes: 0.5 });
round();
