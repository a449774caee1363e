// What the key of this browser signs: the same bytes as `policy/signed.py` writes. Everything in it is ASCII.

const ASCII = /^[\x20-\x7e]*$/;

/** A JSON list as bytes; throws for what Python would write in another way. */
function statement(...parts) {
  if (!parts.every((one) => (typeof one === "string" ? ASCII.test(one) : Number.isSafeInteger(one)))) {
    throw new RangeError("only ASCII and whole numbers are signed");
  }
  return new TextEncoder().encode(JSON.stringify(parts));
}

/** Which account signed in here; `number` is what the guard gave. */
export const lease = (school, device, account, number) =>
  statement("klaswacht-lease-1", school, device, account, number);

/** That this device is here; `at` in microseconds since 1970. */
export const beat = (school, device, at, nonce, revision) =>
  statement("klaswacht-beat-1", school, device, at, nonce, revision);

/** Bytes as base64url without padding. */
export const written = (bytes) =>
  btoa(String.fromCharCode(...new Uint8Array(bytes)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace(/=+$/, "");
