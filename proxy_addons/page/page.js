(function () {
  "use strict";
  var page = document.body;
  var say = JSON.parse(document.getElementById("say").textContent);
  var lang = document.documentElement.lang;
  document.documentElement.classList.add("scripted");
  // What was typed leaves the address bar: somebody may look over the child's shoulder.
  if (page.dataset.here) { history.replaceState(null, "", page.dataset.here); }

  function all(selector) { return Array.prototype.slice.call(document.querySelectorAll(selector)); }
  function el(id) { return document.getElementById(id); }
  function kept(name, value) {
    try {
      if (value === undefined) { return sessionStorage.getItem(name); }
      if (value === null) { sessionStorage.removeItem(name); } else { sessionStorage.setItem(name, value); }
    } catch (error) { /* a browser that keeps nothing still shows the page */ }
    return null;
  }
  function note(text) {
    var place = el("note");
    if (place) { place.textContent = text; place.hidden = !text; }
  }

  // Back: where the child came from; a tab without a past is closed, or emptied.
  function back() {
    if (history.length > 1) { history.back(); return; }
    window.close();
    setTimeout(function () { location.replace("about:blank"); }, 200);
  }

  // Read aloud with the browser's own voice: what is seen and has words, and no button.
  var speech = window.speechSynthesis;
  var english = lang === "en";
  function voice() {
    var mine = speech.getVoices().filter(function (one) { return one.lang.toLowerCase().indexOf(english ? "en" : "nl") === 0; });
    return mine.filter(function (one) { return one.localService; })[0] || mine[0] || null;
  }
  function silent(button) {
    if (speech) { speech.cancel(); }
    if (button) { button.querySelector("span").textContent = say.read; button.setAttribute("aria-pressed", "false"); }
  }
  function reading() { return Boolean(document.querySelector("[data-do=read][aria-pressed=true]")); }
  function read(button) {
    if (reading()) { silent(button); return; }
    var parts = all("[data-read]").filter(function (part) { return part.getClientRects().length; });
    var text = parts.map(function (part) { return part.textContent.replace(/\s+/g, " ").trim(); }).filter(Boolean);
    var words = new SpeechSynthesisUtterance(text.join(". ").replace(/([.!?:])\. /g, "$1 "));
    words.lang = english ? "en-GB" : "nl-NL";
    words.voice = voice();
    words.rate = 0.9;
    words.onend = words.onerror = function () { silent(button); };
    speech.cancel();
    speech.speak(words);
    button.querySelector("span").textContent = say.stop;
    button.setAttribute("aria-pressed", "true");
  }
  // A voice of another language would make gibberish of it.
  function voiced() {
    var none = !speech || (speech.getVoices().length && !voice());
    all("[data-do=read]").forEach(function (button) { button.hidden = Boolean(none); });
  }
  voiced();
  if (speech && speech.addEventListener) { speech.addEventListener("voiceschanged", voiced); }
  window.addEventListener("pagehide", function () { silent(document.querySelector("[data-do=read]")); });

  function panel(id) {
    ["ask", "release"].forEach(function (name) {
      var section = el(name);
      if (section) { section.hidden = name !== id; }
    });
    if (el("buttons")) { el("buttons").hidden = id === "ask" || id === "release"; }
    var first = id && el(id) && el(id).querySelector("input, h2");
    if (first) { first.focus(); el(id).scrollIntoView({ block: "nearest" }); }
  }

  document.addEventListener("click", function (event) {
    var target = event.target.closest("[data-do], [data-panel]");
    if (!target) { return; }
    if (target.dataset.panel && el(target.dataset.panel)) { event.preventDefault(); panel(target.dataset.panel); }
    if (target.dataset.do === "back") { back(); }
    if (target.dataset.do === "go") { event.preventDefault(); go(); }
    if (target.dataset.do === "read") { read(target); }
    if (target.dataset.do === "close") { if (el("buttons")) { panel(null); } else { back(); } }
  });

  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (!form.dataset.send || !el(form.dataset.send)) { return; }
    event.preventDefault();
    var send = form.querySelector("[type=submit]");
    send.disabled = true;
    fetch(form.getAttribute("action") + about(), {
      method: "POST", cache: "no-store",
      headers: { "X-Klaswacht": "1", "Content-Type": "application/x-www-form-urlencoded" },
      body: new URLSearchParams(new FormData(form)).toString()
    }).then(function (reply) { return reply.json(); }).then(function (word) {
      if (word.help) { location.assign(word.help); return; }
      if (word.open) { opened(word.till); return; }
      if (word.sent && form.dataset.send === "release") { el("buttons").querySelector("[data-panel=release]").hidden = true; }
      if (word.ask) { kept("klaswacht-ask", word.ask); said = ""; again(); }
      panel(null);
      var asking = document.querySelector("[data-panel=ask]");
      if (word.sent && asking) { asking.hidden = true; }
      note(word.say || say.not_sent);
    }).catch(function () { panel(null); note(say.not_sent); }).then(function () { send.disabled = false; });
  });

  // Opens by itself: a long poll that answers when the rules move, when time moves them, or when the teacher answers.
  var said = "";
  var poll = null;
  function about() { return page.dataset.about ? "?" + page.dataset.about : ""; }
  function again() { if (poll) { poll.abort(); } look(); }
  function go() { kept("klaswacht-opened", recent().concat(Date.now()).join(",")); location.reload(); }
  function recent() {
    return (kept("klaswacht-opened") || "").split(",").filter(function (at) { return at && Date.now() - at < 60000; });
  }
  // It may: said for a moment, and then on. Where something has to be done again, that is what is said.
  function opened(till) {
    kept("klaswacht-ask", null);
    var words = el("ready-words");
    if (page.classList.contains("ready")) { return; }
    // A page never reloads in circles.
    var goes = page.dataset.wait === "reload" && recent().length < 4;
    if (!words) { note(goes ? say.yes : say.again); if (goes) { go(); } return; }
    silent(document.querySelector("[data-do=read]"));
    page.classList.add("ready");
    document.title = say.ready;
    all(".words > *").forEach(function (part) { if (part.id !== "ready") { part.remove(); } });
    el("ready").appendChild(words.content);
    var drawn = el("ready").querySelector("svg");
    document.querySelector(".picture").replaceChild(drawn, document.querySelector(".picture svg"));
    var place = el("ready").querySelector(".till");
    if (till) { place.textContent = till; place.hidden = false; }
    el("ready").querySelector(".button").focus();
    if (goes) { setTimeout(function leave() { if (reading()) { setTimeout(leave, 2000); } else { go(); } }, 2200); }
  }
  function look() {
    var mine = poll = new AbortController();
    var headers = { "X-Klaswacht": "1" };
    var ask = kept("klaswacht-ask");
    if (ask) { headers["X-Klaswacht-Ask"] = ask; headers["X-Klaswacht-Said"] = said; }
    fetch("/_klaswacht/wait" + about(), { headers: headers, cache: "no-store", signal: mine.signal }).then(function (reply) {
      // Not our word but the site's own: its connection is not looked into any more, so it is open.
      if (reply.status < 500 && reply.headers.get("X-Klaswacht") !== "1") { return { open: true }; }
      if (!reply.ok) { throw new Error("wait"); }
      return reply.json();
    }).then(function (word) {
      if (word.answer) {
        said = word.state;
        note(word.answer);
        if (word.state === "no") {
          kept("klaswacht-ask", null);
          var asking = document.querySelector("[data-panel=ask]");
          if (asking) { asking.hidden = false; }
        }
      }
      if (word.open) { opened(word.till); return; }
      setTimeout(function () { if (poll === mine) { look(); } }, 200);
    }).catch(function () {
      setTimeout(function () { if (poll === mine) { look(); } }, 3000);
    });
  }
  if (page.dataset.wait) { look(); }

  // Goes on by itself after a while, but not while it is being read aloud.
  function onward() {
    if (reading()) { setTimeout(onward, 2000); return; }
    if (page.dataset.to) { location.assign(page.dataset.to); } else { location.reload(); }
  }
  if (page.dataset.after) { setTimeout(onward, page.dataset.after * 1000); }

  // The test of this device: the four pages say themselves whether they are closed; where nothing comes back, nobody
  // answered. What is asked without a lock is not let through from a page that has one.
  function tried(probe) {
    var gives = new AbortController();
    setTimeout(function () { gives.abort(); }, 8000);
    if (location.protocol === "https:" && probe.dataset.probe === "plain") { return Promise.resolve(""); }
    return fetch(probe.href, { cache: "no-store", credentials: "omit", signal: gives.signal }).then(function (reply) {
      // To its end: before, the browser does not say by what it came.
      return reply.text().then(function () { return reply.headers.get("X-Klaswacht-Test") || "weg"; });
    }).catch(function () { return "weg"; });
  }
  // On a Chromebook: whether the school's extension is there, and whether a test page came by QUIC (h3).
  function companion() {
    var book = el("book");
    if (!book || !book.dataset.extension) { return Promise.resolve(""); }
    return fetch("chrome-extension://" + book.dataset.extension + "/icons/16.png", { cache: "no-store" })
      .then(function (reply) { return reply.ok ? "ja" : "nee"; }).catch(function () { return "nee"; });
  }
  function came() {
    var by = performance.getEntriesByType("resource").filter(function (one) { return /^https:.*klaswacht-proef/.test(one.name); })
      .map(function (one) { return one.nextHopProtocol || ""; }).filter(Boolean);
    return encodeURIComponent(by.filter(function (one) { return one.indexOf("h3") === 0; })[0] || by[0] || "");
  }
  function test() {
    var probes = all("[data-probe]");
    var trying = el("trying");
    if (trying) { trying.hidden = false; }
    Promise.all(probes.map(tried).concat(companion())).then(function (said) {
      return new Promise(function (done) { setTimeout(done, el("book") ? 300 : 0, said); });
    }).then(function (said) {
      var fields = probes.map(function (probe, number) { return probe.dataset.probe + "=" + said[number]; });
      if (el("book")) { fields.push("ext=" + said[probes.length], "via=" + came()); }
      location.replace(location.pathname + "?" + fields.join("&"));
    });
  }
  if (el("untried")) { test(); }

  // How long it lasts, by the guard's clock and also after a laptop's sleep; a page that is old is asked for anew.
  var ahead = page.dataset.now ? page.dataset.now * 1000 - Date.now() : 0;
  function count() {
    var now = Date.now() + ahead;
    all("[data-until]").forEach(function (place) {
      var left = Math.ceil((place.dataset.until * 1000 - now) / 60000);
      place.textContent = left > 1 ? say.many.replace("{n}", left) : left === 1 ? say.one : say.few;
    });
    if (page.dataset.again > 0 && now >= page.dataset.again * 1000) { location.replace(location.href); }
  }
  if (page.dataset.now) { setInterval(count, 5000); document.addEventListener("visibilitychange", count); }
})();
