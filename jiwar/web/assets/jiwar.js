// What plain HTML cannot do alone. Every page works without this file, save passkeys.
"use strict";

// A menu that was opened closes when the person goes on elsewhere or presses Escape.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// On a narrow screen the parts of a long form are folded, but for what is wrong and the first that lacks something.
function fold() {
  if (!matchMedia("(max-width: 40rem)").matches) return;
  for (const form of document.querySelectorAll("form.folds:not([data-folded])")) {
    form.dataset.folded = "";
    const parts = [...form.querySelectorAll("details.part")];
    const wrong = parts.filter((part) => "wrong" in part.dataset);
    const stay = wrong.length ? wrong : parts.filter((part) => part.querySelector("summary .badge.warn")).slice(0, 1);
    for (const part of parts) part.open = stay.includes(part);
  }
}
document.addEventListener("DOMContentLoaded", fold);
document.addEventListener("htmx:afterSettle", fold);
// A link to a field, or to a part, opens the part.
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href^='#']");
  const part = link && document.getElementById(link.hash.slice(1))?.closest("details.part");
  if (part) part.open = true;
});

// A form is sent once, however often the button is pressed.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || form.hasAttribute("data-again")) return;
  if (form.dataset.sent && Date.now() - Number(form.dataset.sent) < 3000) event.preventDefault();
  else form.dataset.sent = String(Date.now());
});

// A button whose answer takes long shows that it was pressed; an answer that is a file leaves the page as it is.
document.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (event.defaultPrevented || !button) return;
  setTimeout(() => button.classList.add("busy"), 500);
  setTimeout(() => button.classList.remove("busy"), 15000);
});
window.addEventListener("pageshow", () => {
  for (const button of document.querySelectorAll(".button.busy")) button.classList.remove("busy");
});

// A file that is too large is not sent at all; one that takes longer than two seconds says how far it is.
document.addEventListener("change", (event) => {
  const input = event.target;
  if (!(input instanceof HTMLInputElement) || !input.dataset.largest) return;
  const tooLarge = input.files.length > 0 && input.files[0].size > Number(input.dataset.largest);
  input.setCustomValidity(tooLarge ? input.dataset.tooLarge : "");
  input.reportValidity();
});
document.addEventListener("htmx:xhr:progress", (event) => {
  const line = event.target.querySelector(".upload");
  if (!line || !event.detail.lengthComputable) return;
  line.dataset.began ||= String(Date.now());
  if (Date.now() - Number(line.dataset.began) > 2000) line.hidden = false;
  line.querySelector("progress").value = event.detail.loaded / event.detail.total;
});

// What a person sent and the node refused is said, whatever part of the page the answer was for; and so is a cut line.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, requestConfig } = event.detail;
  if (xhr.status < 400 || requestConfig.verb === "get") return;
  const answer = new DOMParser().parseFromString(xhr.responseText, "text/html");
  const part = event.target.closest("[hx-select]")?.getAttribute("hx-select") ?? requestConfig.elt?.getAttribute("hx-select");
  if (part && answer.querySelector(part)) {
    event.detail.shouldSwap = true;
    return;
  }
  if (!answer.querySelector("#content")) return;
  event.detail.shouldSwap = true;
  event.detail.target = document.getElementById("content");
  event.detail.selectOverride = "#content";
  event.detail.swapOverride = "outerHTML";
  document.addEventListener("htmx:afterSettle", () => document.getElementById("content").focus(), { once: true });
});
document.addEventListener("htmx:sendError", (event) => {
  if (event.detail.requestConfig.verb === "get") return;
  const said = document.getElementById("unsent");
  said.hidden = false;
  said.focus();
});
document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.detail.requestConfig.verb !== "get") document.getElementById("unsent").hidden = true;
});

// A passkey that was cancelled, or that this browser refuses, is said on the page (allauth's scripts raise the event).
document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  const place = document.getElementById("passkey-failed");
  if (place) place.hidden = false;
});
