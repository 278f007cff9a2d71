// Keeps a page fresh: asks for it anew when the stream says that something changed, and every five seconds in any
// case. When nothing comes back for a while the page says that it is old.
"use strict";

const EVERY = 5_000;
const OLD = 12_000;
const SOON = 200;
let answered = Date.now();
let asked = 0;
let waiting = 0;

function ask() {
  waiting = 0;
  if (document.hidden) return;
  asked = Date.now();
  htmx.trigger(document.body, "tick");
}

function soon() {
  if (!waiting) waiting = setTimeout(ask, Math.max(0, asked + SOON - Date.now()));
}

function look() {
  const old = Date.now() - answered > OLD && !document.hidden;
  document.documentElement.toggleAttribute("data-cut", old);
  const note = document.getElementById("cut");
  if (note) note.hidden = !old;
  if (Date.now() - asked >= EVERY) soon();
}

document.addEventListener("htmx:after:swap", () => {
  answered = Date.now();
  look();
});
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) {
    answered = Date.now();
    soon();
  }
});
for (const name of ["snapshot", "portfolio_update", "position_update", "alert", "mode", "plan", "revision", "halt"]) {
  document.addEventListener(name, soon);
}
setInterval(look, 1_000);
