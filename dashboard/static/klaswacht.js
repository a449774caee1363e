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
    });
  }

  // The page itself says when it was made; a page out of the browser's own memory is asked for anew.
  window.addEventListener("pageshow", function (event) {
    if (event.persisted) window.location.reload();
  });
  document.addEventListener("visibilitychange", function () {
    if (!document.hidden) tick();
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
    if (form && form.tagName === "FORM") toTop(form);
    if (form && form.matches("#geef-formulier, .extras form") && document.querySelector("[data-good]")) given(form);
  });

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

  // Whoever looks must know whether it is live.
  function mark(live) {
    document.querySelectorAll("[data-live]").forEach(function (element) {
      element.textContent = live ? element.dataset.live : element.dataset.still;
    });
  }
  document.addEventListener("htmx:sse:after:connection", function () { mark(true); });
  document.addEventListener("htmx:sse:error", function () { mark(false); });
  document.addEventListener("htmx:sse:close", function () { mark(false); });

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

  var made = document.querySelector("meta[name=server-time]");
  if (made) learn(made.content);
  tick();
  settle();
  window.setInterval(tick, 1000);
})();
