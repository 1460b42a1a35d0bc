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
    tag = answer.headers.get("ETag") || "";
    if (live.contains(document.activeElement)) return;
    live.innerHTML = await answer.text();
  }
  setInterval(() => look().catch(() => {}), 5000);
})();
