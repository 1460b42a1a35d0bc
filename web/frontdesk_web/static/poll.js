// Keeps the front page fresh, and says when it is not. Without it the page has a link that loads it again.
"use strict";
(function () {
  const live = document.getElementById("live"), old = document.getElementById("old");
  if (!live) return;
  const EVERY = 5000, OLD = 15000; // Milliseconds.
  let tag = "", fresh = Date.now();
  async function look() {
    const late = new AbortController();
    setTimeout(() => late.abort(), EVERY);
    const answer = await fetch("/live", {
      headers: tag ? {"If-None-Match": tag} : {}, cache: "no-store", redirect: "manual", signal: late.signal,
    });
    if (answer.type === "opaqueredirect") return location.assign("/login");
    if (!answer.ok && answer.status !== 304) return;
    fresh = Date.now();
    if (!answer.ok) return;
    const text = await answer.text();
    if (live.matches(":active")) return; // A click has begun; it ends where it began.
    const held = live.contains(document.activeElement) && document.activeElement.href;
    const alike = () => Array.from(live.querySelectorAll("a")).filter((link) => link.href === held);
    const place = alike().indexOf(document.activeElement); // Several problems may lead to one account.
    live.innerHTML = text;
    const same = alike()[place];
    if (same) same.focus({preventScroll: true}); // The keyboard stays where it was.
    tag = answer.headers.get("ETag") || "";
  }
  function tell() {
    old.hidden = Date.now() - fresh < OLD;
    old.querySelector("span").textContent = new Date(fresh).toLocaleTimeString();
  }
  const again = () => document.hidden || look().catch(() => {}).finally(tell);
  setInterval(again, EVERY);
  document.addEventListener("visibilitychange", again);
})();
