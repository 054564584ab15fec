// Keep the page of a run that is under way up to date, and load it anew when it is over.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const live = document.getElementById("live-run");
  if (!live) return;
  const bar = live.querySelector("progress");
  const step = live.querySelector("output");

  async function look() {
    try {
      const answer = await fetch(live.dataset.url, { credentials: "same-origin" });
      const run = await answer.json();
      if (run.is_over) {
        window.location.reload();
        return;
      }
      bar.value = run.percent;
      step.textContent = `${run.state}, ${run.percent} % ${run.step}`;
    } catch {
      step.textContent = "the server does not answer; trying again";
    }
    window.setTimeout(look, 1000);
  }

  window.setTimeout(look, 1000);
});
