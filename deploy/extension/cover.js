// Covers the page, at once, and stays on top of whatever the page does. In the frames of a page it only makes it quiet.
// The value of this script is what became of it: `covered`, `again` (it was), `frame`, or `not`.

(() => {
  const text = (name) => chrome.i18n.getMessage(name);
  const say = (what) => chrome.runtime.sendMessage({ do: what }).catch(() => {});
  const HTML = "http://www.w3.org/1999/xhtml";
  const FIGHT = 6; // times in a row that a page came on top again: then it goes away altogether
  const MARK = Symbol.for("klaswacht-cover");

  const standing = globalThis[MARK];
  if (standing) return standing.again();

  const stop = (event) => {
    event.stopImmediatePropagation();
    if (!host.contains(event.target)) event.preventDefault(); // in the cover itself keys do what they always do
  };
  const KEYS = ["keydown", "keypress", "keyup", "beforeinput", "paste"];

  /** No sound and no moving pictures, for as long as the cover is there. */
  const hush = () => {
    for (const one of document.querySelectorAll("video, audio")) one.pause();
    try {
      speechSynthesis.cancel();
    } catch {
      // there is none here
    }
  };
  const still = (event) => event.target?.pause?.();
  document.addEventListener("play", still, true);
  document.addEventListener("playing", still, true);
  hush();

  let host = null;
  const free = () => {
    document.removeEventListener("play", still, true);
    document.removeEventListener("playing", still, true);
    for (const kind of KEYS) window.removeEventListener(kind, stop, true);
    globalThis[MARK] = undefined;
  };
  if (window.top !== window) {
    globalThis[MARK] = { again: () => "frame" };
    return "frame";
  }

  const element = (name, words, ...inside) => {
    const made = document.createElementNS(HTML, name);
    if (words) made.textContent = words;
    made.append(...inside);
    return made;
  };
  const button = (words, kind, does) => {
    const made = element("button", words);
    made.type = "button";
    made.className = kind;
    made.addEventListener("click", does);
    return made;
  };

  host = element("dialog");
  const FIXED = {
    all: "initial", position: "fixed", inset: "0", width: "100vw", height: "100vh", "max-width": "none", "max-height": "none",
    margin: "0", padding: "0", border: "0", background: "#fdf3ea", opacity: "1", visibility: "visible", display: "block",
    transform: "none", transition: "none", animation: "none", filter: "none", "clip-path": "none", mask: "none",
    "pointer-events": "auto", "z-index": "2147483647", overflow: "auto", "content-visibility": "visible",
  };
  for (const [name, value] of Object.entries(FIXED)) host.style.setProperty(name, value, "important");
  host.setAttribute("closedby", "none");
  host.setAttribute("aria-label", text("title"));

  const dress = document.createElementNS(HTML, "div");
  for (const [name, value] of [["all", "initial"], ["display", "block"]]) dress.style.setProperty(name, value, "important");
  host.append(dress);
  const root = dress.attachShadow({ mode: "closed" });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`
    .page{box-sizing:border-box;display:flex;min-height:100vh;align-items:center;justify-content:center;background:#fdf3ea;color:#1d2b33;font:18px/1.5 system-ui,"Noto Sans",sans-serif}
    main{max-width:34rem;margin:1rem;padding:2rem;background:#fff;border:1px solid #efdccd;border-radius:1.5rem}
    h1{font-size:1.8rem;line-height:1.2;margin:0 0 1rem}
    p{margin:0 0 .75rem}
    .buttons{display:flex;flex-direction:column;gap:.75rem;margin:1.25rem 0}
    button{min-height:3.2rem;padding:.6rem 1rem;border-radius:.9rem;border:2px solid #a8452c;background:#fff;color:#a8452c;font:inherit;font-weight:600;cursor:pointer}
    button.first{background:#a8452c;color:#fff}
    button.quiet{border-color:#efdccd;color:#1d2b33;font-weight:500}
    button:focus-visible{outline:3px solid #0b57d0;outline-offset:2px}
    .help{margin:0;padding:.9rem 1.1rem;background:#f8dcc8;border-radius:1rem}
    @media (max-width:500px){main{margin:.5rem;padding:1.25rem}h1{font-size:1.5rem}}
    @media (prefers-color-scheme:dark){.page{background:#1d1511;color:#eef3f4}main{background:#2a201b;border-color:#4a382f}button{background:transparent;border-color:#f2a287;color:#f2a287}button.first{background:#f2a287;color:#2b120a}button.quiet{color:#eef3f4;border-color:#4a382f}.help{background:#563527}}
  `);
  root.adoptedStyleSheets = [sheet];

  let open = true;
  const uncover = () => {
    open = false;
    free();
    host.remove();
    say("back");
  };
  const first = button(text("tell"), "first", () => say("tell"));
  const page = element(
    "div",
    "",
    element(
      "main",
      "",
      element("h1", text("title")),
      element("p", text("covered")),
      element("p", text("noBlame")),
      element("div", "", first, button(text("close"), "", () => say("close")), button(text("back"), "quiet", uncover)),
      element("p", text("helpline")),
    ),
  );
  page.className = "page";
  page.querySelector("div").className = "buttons";
  page.querySelector("p:last-child").className = "help";
  root.append(page);

  // --- on top, and staying there -------------------------------------------------------------------------------------

  let above = new Set(); // what was in the highest layer when we came on top of it
  let raised = 0;
  let since = 0;
  const inTop = () => document.querySelectorAll(":modal, :popover-open, :fullscreen");

  /** Into the highest layer, on top of all that is there. */
  const raise = () => {
    if (document.fullscreenElement) document.exitFullscreen().catch(() => {});
    if (host.open) host.close();
    if (!host.isConnected) document.documentElement.append(host);
    host.showModal();
    above = new Set(inTop());
    first.focus({ focusVisible: false });
  };

  const onTop = () => {
    if (!host.isConnected || !host.open || !host.matches(":modal")) return false;
    if (!host.checkVisibility({ opacityProperty: true, visibilityProperty: true, contentVisibilityAuto: true })) return false;
    const { innerWidth: w, innerHeight: h } = window;
    const points = [[w / 2, h / 2], [2, 2], [w - 20, 2], [2, h - 2], [w - 20, h - 2]];
    return points.every(([x, y]) => host.contains(document.elementFromPoint(x, y))) && [...inTop()].every((one) => above.has(one));
  };

  const look = () => {
    if (!open) return;
    const now = performance.now();
    if (!onTop()) {
      if (now - since > 3000) raised = 0;
      since = now;
      raised += 1;
      if (raised > FIGHT) {
        say("away");
      } else {
        try {
          raise();
        } catch {
          say("away");
        }
      }
    }
    requestAnimationFrame(look);
  };

  try {
    raise();
  } catch {
    free();
    return "not";
  }
  for (const kind of KEYS) window.addEventListener(kind, stop, true);
  host.addEventListener("cancel", (event) => event.preventDefault());
  document.addEventListener("toggle", (event) => open && event.target !== host && event.newState === "open" && raise(), true);
  document.addEventListener("fullscreenchange", () => open && document.fullscreenElement && raise(), true);
  requestAnimationFrame(look);
  globalThis[MARK] = {
    again: () => {
      hush();
      return open ? "again" : "not";
    },
  };
  return onTop() ? "covered" : "not";
})();
