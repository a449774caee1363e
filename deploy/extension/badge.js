// What the button shows: how long until what is open closes, and what holds now. Pure: `now` is in seconds since 1970.

const COUNTED = 90; // minutes: of what is further away only the time is told, in the title

/** Text and title of the button for what the guard told (null: there is no guard here). */
export function badge(told, button, now) {
  if (!told || !told.title) return { text: "", title: button };
  const minutes = told.count ? Math.ceil((told.count - now) / 60) : 0;
  const text = minutes > 0 && minutes <= COUNTED ? String(minutes) : "";
  const items = (told.items || []).map((one) => [one.text, one.until].filter(Boolean).join(". "));
  return { text, title: [told.title, ...items, button].join("\n") };
}

/** In how many seconds the guard is to be asked again, at least 1 and at most `most`. */
export function rest(told, most, now) {
  const until = told && told.again ? told.again - now : most;
  return Math.min(most, Math.max(1, until));
}
