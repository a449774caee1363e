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

  // Read aloud with the browser's own voice.
  var speech = window.speechSynthesis;
  function read(button) {
    var label = button.querySelector("span");
    if (speech.speaking) { speech.cancel(); label.textContent = say.read; return; }
    var text = all("[data-read]").map(function (part) { return part.textContent.trim(); }).join(". ").replace(/\.\./g, ".");
    var words = new SpeechSynthesisUtterance(text);
    words.lang = lang === "en" ? "en-GB" : "nl-NL";
    words.rate = 0.9;
    words.onend = function () { label.textContent = say.read; };
    speech.speak(words);
    label.textContent = say.stop;
  }
  all("[data-do=read]").forEach(function (button) { if (!speech) { button.hidden = true; } });
  window.addEventListener("pagehide", function () { if (speech) { speech.cancel(); } });

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
      if (word.open) { opened(); return; }
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
  function opened() {
    kept("klaswacht-ask", null);
    var times = (kept("klaswacht-opened") || "").split(",").filter(function (at) { return at && Date.now() - at < 60000; });
    if (page.dataset.wait !== "reload" || times.length > 3) {
      // What was sent is not kept, so it cannot be sent again for the child; and a page never reloads in circles.
      note(say.again);
      return;
    }
    kept("klaswacht-opened", times.concat(Date.now()).join(","));
    note(say.yes);
    location.reload();
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
      if (word.open) { opened(); return; }
      setTimeout(function () { if (poll === mine) { look(); } }, 200);
    }).catch(function () {
      setTimeout(function () { if (poll === mine) { look(); } }, 3000);
    });
  }
  if (page.dataset.wait) { look(); }
})();
