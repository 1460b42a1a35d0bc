// Keeps the front page fresh. Without it the page has a link that does the same.
"use strict";
(function () {
  const live = document.getElementById("live");
  if (!live) return;
  let tag = "";
  async function look() {
    if (document.hidden) return;
    const answer = await fetch("/live", {headers: tag ? {"If-None-Match": tag} : {}, cache: "no-store", redirect: "manual"});
    if (answer.type === "opaqueredirect") return location.assign("/login");
    if (!answer.ok) return;
    const text = await answer.text();
    if (live.contains(document.activeElement)) return; // Shown when the keyboard has gone elsewhere.
    live.innerHTML = text;
    tag = answer.headers.get("ETag") || "";
  }
  const again = () => look().catch(() => {});
  setInterval(again, 5000);
  document.addEventListener("visibilitychange", again);
})();
