// Keep a page up to date while something on it goes on. Where an element names a stream (data-events), the server sends
// the pieces that changed; elsewhere, and where no stream comes through, the page is fetched again every two seconds.
"use strict";
(() => {
  const POLL_MS = 2000, SILENT_MS = 45000, TRIES = 3;
  const main = document.getElementById("main");
  let source = null, heard = 0, failures = 0, polling = false;

  // What a person has opened, scrolled or focused stays so when a piece of the page is replaced.
  function replaced(element, fill) {
    const open = [...element.querySelectorAll("details[open] > summary")].map((one) => one.textContent.trim());
    const places = new Map([...element.querySelectorAll("pre[id]")].map((one) => [one.id, placeOf(one)]));
    const focus = element.contains(document.activeElement) ? document.activeElement.id : "";
    fill();
    for (const one of element.querySelectorAll("details:not([open]) > summary")) {
      if (open.includes(one.textContent.trim())) one.parentElement.open = true;
    }
    for (const one of element.querySelectorAll("pre[data-follow]")) {
      const place = places.get(one.id);
      one.scrollTop = place === undefined || place.end ? one.scrollHeight : place.top;
    }
    if (focus && document.getElementById(focus)) document.getElementById(focus).focus({ preventScroll: true });
  }

  function placeOf(one) {
    return { top: one.scrollTop, end: one.scrollTop + one.clientHeight >= one.scrollHeight - 8 };
  }

  function say(words) {
    const state = document.getElementById("live-state");
    if (state && state.textContent !== words) state.textContent = words;
  }

  async function fetchPage() {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" }, cache: "no-store" });
    if (!answer.ok || answer.redirected) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("main");
    if (!fresh) return;
    document.title = page.title;
    replaced(main, () => main.replaceChildren(...fresh.childNodes));
    main.dataset.live = fresh.dataset.live;
  }

  async function poll() {
    try {
      if (!document.hidden) await fetchPage();
    } catch {
      say("The service does not answer; trying again");
    }
    if (main.dataset.live === "yes") setTimeout(poll, POLL_MS);
  }

  function startPolling() {
    if (polling) return;
    polling = true;
    say("Updated every 2 s");
    setTimeout(poll, POLL_MS);
  }

  function show(pieces) {
    for (const [id, html] of Object.entries(pieces)) {
      const element = document.getElementById(id);
      if (!element) continue;
      const holder = document.createElement("template");
      holder.innerHTML = html;
      replaced(element, () => element.replaceChildren(holder.content));
    }
  }

  function listen(address) {
    source = new EventSource(address);
    heard = Date.now();
    source.addEventListener("open", () => { failures = 0; heard = Date.now(); say("Live"); });
    source.addEventListener("beat", () => { heard = Date.now(); });
    source.addEventListener("pieces", (event) => { heard = Date.now(); show(JSON.parse(event.data)); });
    source.addEventListener("end", async () => {
      stop();
      main.dataset.live = "no";
      try {
        await fetchPage();
      } catch {
        location.reload();
      }
    });
    source.addEventListener("error", () => {
      failures += 1;
      say("Connecting again");
      if (source.readyState === EventSource.CLOSED || failures >= TRIES) {
        stop();
        startPolling();
      }
    });
  }

  function stop() {
    if (source) source.close();
    source = null;
  }

  const held = document.querySelector("[data-events]");
  if (held && "EventSource" in window) {
    for (const one of document.querySelectorAll("pre[data-follow]")) one.scrollTop = one.scrollHeight;
    listen(held.dataset.events);
    setInterval(() => {
      if (source && Date.now() - heard > SILENT_MS) {
        stop();
        listen(held.dataset.events);
      }
    }, 5000);
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) stop();
      else if (!source && !polling && main.dataset.live === "yes") listen(held.dataset.events);
    });
  } else if (main.dataset.live === "yes") {
    startPolling();
  }
})();
