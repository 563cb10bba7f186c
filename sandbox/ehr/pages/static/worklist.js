// The Flag counts ask every two seconds, like the banner in the chart.
async function poll() {
  try {
    const answer = await fetch("/flags.json", { cache: "no-store" });
    if (answer.ok) {
      for (const [patient, { active, open }] of Object.entries(await answer.json())) {
        const cell = document.querySelector(`tr[data-patient="${CSS.escape(patient)}"] .count`);
        if (!cell) continue;
        cell.textContent = active;
        cell.dataset.flags = active;
        cell.dataset.open = open;
        cell.title = active && !open ? "all acknowledged" : "";
      }
    }
  } finally {
    setTimeout(poll, 2000);
  }
}

poll();
