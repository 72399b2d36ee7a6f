// A scanner types the lines of a zone with Enter after each: Enter sends the form when the zone is whole, and elsewhere
// begins a new line. Without this file the button sends it.
"use strict";

const ZONES = ["44,44", "36,36", "30,30,30", "88", "72", "90"];

document.addEventListener("keydown", (event) => {
  const box = event.target;
  if (event.key !== "Enter" || !(box instanceof HTMLTextAreaElement) || box.name !== "mrz") return;
  const lines = box.value.split(/[\r\n]+/).map((line) => line.replace(/\s/g, "")).filter(Boolean);
  const whole = ZONES.includes(lines.map((line) => line.length).join(","));
  const blank = lines.length > 0 && /\n\s*$/.test(box.value);
  if (!event.ctrlKey && !whole && !blank) return;
  event.preventDefault();
  box.form.requestSubmit();
});
