// Replace the page's content every two seconds while something on it is still going on.
"use strict";

async function refresh() {
  const main = document.getElementById("main");
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" }, cache: "no-store" });
    if (answer.ok) {
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.getElementById("main");
      document.title = page.title;
      main.replaceChildren(...fresh.childNodes);
      main.dataset.live = fresh.dataset.live;
    }
  } catch {
    // The service is away for a moment; the next round tries again.
  }
  if (main.dataset.live === "yes") setTimeout(refresh, 2000);
}

setTimeout(refresh, 2000);
