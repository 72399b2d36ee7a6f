// A reader of zones is a keyboard: it types the lines, with Enter after each, into whatever has the focus. What comes
// faster than hands and opens like a zone is taken from that field, which gets its own content back, and put into the
// box of the zone. Enter sends the form when the zone is whole. Without this file the button sends it.
"use strict";

const ZONES = ["44,44", "36,36", "30,30,30", "88", "72", "90"];
const FAST = 150; // milliseconds from one key to the next; hands need longer over a dozen keys
const OPENS = /^[PVIAC][A-Z<](?=[A-Z0-9<]{10})(?=.*<)[A-Z<]{3}[A-Z0-9<]*$/;

let burst = { keys: "", places: "", at: 0, field: null, before: "", scanning: false };

// The key that a keyboard of the United States has at this place, which is what readers are made for: under an Arabic
// or a French layout the same key types another character.
function placed(event) {
  if (event.code === "Comma") return event.shiftKey ? "<" : ",";
  return /^(Key[A-Z]|Digit[0-9])$/.test(event.code) ? event.code.at(-1) : "";
}

function lengths(text) {
  return text.split(/[\r\n]+/).map((line) => line.replace(/\s/g, "").length).filter(Boolean).join(",");
}

function began(field) {
  const typed = field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement || field instanceof HTMLSelectElement;
  return { keys: "", places: "", at: 0, field: typed ? field : null, before: typed ? field.value : "", scanning: false };
}

function boxOfZone() {
  const box = document.querySelector("textarea[name=mrz]");
  const folded = box?.closest("details");
  if (folded) folded.open = true;
  return box;
}

function send(box) {
  box.focus();
  box.form.requestSubmit();
}

document.addEventListener("keydown", (event) => {
  const one = event.key.length === 1;
  if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
  if (!one && event.key !== "Enter" && event.key !== "Tab") return;
  if (event.timeStamp - burst.at > FAST) burst = began(document.activeElement);
  burst.at = event.timeStamp;
  if (burst.scanning) {
    event.preventDefault();
    const box = boxOfZone();
    if (one) box.value += burst.byPlace ? placed(event) : event.key.toUpperCase();
    else if (ZONES.includes(lengths(box.value))) send(box);
    else box.value += "\n";
    return;
  }
  if (!one) return;
  burst.keys += event.key.toUpperCase();
  burst.places += placed(event);
  const byPlace = !OPENS.test(burst.keys);
  if (byPlace && !(burst.places.length === burst.keys.length && OPENS.test(burst.places))) return;
  const box = boxOfZone();
  if (!box) return;
  event.preventDefault();
  if (burst.field && burst.field !== box) burst.field.value = burst.before;
  Object.assign(burst, { scanning: true, byPlace });
  box.value = byPlace ? burst.places : burst.keys;
  box.focus();
}, true);

document.addEventListener("keydown", (event) => {
  const box = event.target;
  if (event.defaultPrevented || event.key !== "Enter" || !(box instanceof HTMLTextAreaElement) || box.name !== "mrz") return;
  const whole = ZONES.includes(lengths(box.value));
  const blank = box.value.trim() !== "" && /\n\s*$/.test(box.value);
  if (!event.ctrlKey && !whole && !blank) return;
  event.preventDefault();
  box.form.requestSubmit();
});
