// Counts down what is open. Every time on the page is absolute; the server's clock counts, not the tablet's.
// The offset comes with the page and with every heartbeat of the stream, so a tablet that slept is right at once.
(function () {
  "use strict";

  var offset = 0;

  function learn(milliseconds) {
    var server = Number(milliseconds);
    if (server > 0) offset = server - Date.now();
  }

  function two(number) {
    return (number < 10 ? "0" : "") + number;
  }

  function left(seconds) {
    var hours = Math.floor(seconds / 3600);
    var minutes = Math.floor((seconds % 3600) / 60);
    return hours ? hours + ":" + two(minutes) + ":" + two(seconds % 60) : minutes + ":" + two(seconds % 60);
  }

  function tick() {
    var now = Date.now() + offset;
    document.querySelectorAll("time[data-until]").forEach(function (element) {
      var seconds = Math.ceil((Date.parse(element.dataset.until) - now) / 1000);
      var text = seconds > 0 ? left(seconds) : element.dataset.over;
      if (element.textContent !== text) element.textContent = text;
      soon(element, seconds);
    });
  }

  // The last two minutes are shown by a word and a frame; it is said once, not with every second.
  function soon(element, seconds) {
    var last = seconds > 0 && seconds <= 120;
    if (element.classList.contains("soon") === last) return;
    element.classList.toggle("soon", last);
    if (last) element.dataset.word = element.dataset.soon || "";
    else delete element.dataset.word;
  }

  // The page itself says when it was made; a page out of the browser's own memory is asked for anew.
  window.addEventListener("pageshow", function (event) {
    if (event.persisted) window.location.reload();
  });
  document.addEventListener("visibilitychange", function () {
    if (document.hidden) return;
    tick();
    listen();
  });
  document.addEventListener("klok", function (event) {
    learn(event.detail.data);
    tick();
  });
  document.addEventListener("weg", function () {
    window.location.reload();
  });
  document.addEventListener("htmx:after:swap", function (event) {
    tick();
    settle();
    var context = event.detail && event.detail.ctx;
    var form = context && context.sourceElement;
    // Of a button that went with the old page htmx says that it was the page itself.
    if (form && (form.tagName === "FORM" || form.id === "page")) toTop(form);
    if (form && form.matches("#geef-formulier, .extras form") && document.querySelector("[data-good]")) given(form);
    keepPlace();
  });

  // Whoever works by keyboard stays where they were, also when what they pressed is gone: at the part that it stood in.
  var place = "";
  document.addEventListener("focusin", function (event) {
    var part = event.target.closest("[id^=part-]");
    place = part ? part.id : "";
  });
  function keepPlace() {
    if (!place || (document.activeElement && document.activeElement !== document.body)) return;
    var part = document.getElementById(place);
    while (part && !part.childElementCount) part = part.previousElementSibling;
    part = part || document.getElementById("page");
    part.tabIndex = -1;
    part.focus({ preventScroll: true });
  }

  // What was given is in the list of what is open; the form is empty again, and a fold of its own is closed.
  function given(form) {
    form.reset();
    var fold = form.closest(".extras details");
    if (fold) fold.open = false;
  }

  // A page of its own that came in place of the lesson is read from its beginning.
  // So is the lesson after it.
  function toTop(form) {
    var first = document.querySelector("[data-top] h1");
    if (first || form.classList.contains("up")) window.scrollTo(0, 0);
    if (!first) return;
    first.tabIndex = -1;
    first.focus({ preventScroll: true });
  }

  // What was done is said for a while; after that the list of what is open says it.
  function settle() {
    document.querySelectorAll("[data-good]:not([data-settling])").forEach(function (element) {
      element.setAttribute("data-settling", "");
      window.setTimeout(function () { element.remove(); }, 10000);
    });
  }

  // A long form that is half filled in is not lost by a tap on a link: the browser asks first.
  var unsaved = false;
  document.addEventListener("change", function (event) {
    if (event.target.closest && event.target.closest("form[data-kept]")) unsaved = true;
  });
  document.addEventListener("submit", function (event) {
    if (event.target.matches("form[data-kept]")) unsaved = false;
  });
  window.addEventListener("beforeunload", function (event) {
    if (unsaved) event.preventDefault();
  });

  // Whoever looks must know whether it is live. The server says something every fifteen seconds; a stream that says
  // nothing for much longer is dead, even where the browser still calls it open (a laptop that slept, a lost network).
  var SILENCE = 40000;
  var heard = 0;
  var stream = null;

  function mark(live) {
    document.querySelectorAll("[data-live]").forEach(function (element) {
      var text = live ? element.dataset.live : element.dataset.still;
      if (element.textContent !== text) element.textContent = text;
      element.classList.toggle("dead", !live);
    });
  }
  function alive(event) {
    stream = event.detail.connection;
    heard = Date.now();
    mark(true);
  }
  function listen() {
    if (!stream || document.hidden || Date.now() - heard < SILENCE) return;
    mark(false);
    heard = Date.now() - SILENCE / 2;  // if it stays silent, once more after half that time
    // The extension itself opens it anew, and says what it saw last.
    if (stream.reader) stream.reader.cancel().catch(function () {});
    if (stream.abortController) stream.abortController.abort();
  }
  document.addEventListener("htmx:sse:after:connection", alive);
  document.addEventListener("htmx:sse:after:message", alive);
  document.addEventListener("htmx:sse:error", function () { mark(false); });
  document.addEventListener("htmx:sse:close", function () { stream = null; mark(false); });

  // The first connection is not tried again by itself: do so after a while, a newer page's turn apart.
  function later(event) {
    if (event.target.id !== "live") return;
    mark(false);
    window.setTimeout(function () { event.target.dispatchEvent(new Event("weer")); }, 10000);
  }
  document.addEventListener("htmx:response:error", later);
  document.addEventListener("htmx:error", later);

  // A dead or refused stream must not look alive: a session that ended gives the sign-in page.
  document.addEventListener("htmx:sse:error", function (event) {
    if (event.detail && event.detail.status === 401) window.location.reload();
  });

  // In full screen a class may look along. What is private goes out of sight by the style sheet, before anything is
  // asked; then the page comes anew as a board, which has nothing private in it. Back is for an adult, on purpose.
  var root = document.documentElement;
  var wide = window.matchMedia("(display-mode: fullscreen)");
  // A browser that does not know display modes is told by its size; one that knows them is believed.
  var knows = window.matchMedia("(display-mode: browser), (display-mode: fullscreen), (display-mode: standalone), (display-mode: minimal-ui)").matches;

  function full() {
    if (wide.matches || document.fullscreenElement) return true;
    return !knows && window.innerHeight >= window.screen.height && window.innerWidth >= window.screen.width;
  }
  function hang() {
    var form = document.querySelector("#vol-scherm form");
    if (!form || root.dataset.board !== "off") return;
    root.dataset.full = "";
    unsaved = false;
    window.fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)), redirect: "manual" })
      .then(function () { window.location.replace(form.elements.back.value); })
      .catch(function () { window.setTimeout(hang, 3000); });
  }
  function turned() {
    if (!full()) return;
    if (root.dataset.board === "asked") root.dataset.board = "off";  // that was asked for another full screen
    hang();
  }
  wide.addEventListener("change", turned);
  document.addEventListener("fullscreenchange", turned);
  if (!knows) window.addEventListener("resize", turned);
  if (full()) hang();
  document.addEventListener("submit", function (event) {
    var field = event.target.elements && event.target.elements.full;
    if (field) field.value = full() ? "1" : "0";
  });

  var made = document.querySelector("meta[name=server-time]");
  if (made) learn(made.content);
  tick();
  settle();
  window.setInterval(function () { tick(); listen(); }, 1000);
})();
