// Check the form that submits while it is filled in: the server says what is wrong, or what would run.
"use strict";
(() => {
  const PAUSE_MS = 400;
  const form = document.getElementById("submit-form");
  const answer = document.getElementById("answer");
  const touched = new Set();
  let timer = null, asking = null;

  // Fields that mean nothing with the present choices rest; they are sent all the same, and the server leaves them out.
  function fit() {
    for (const part of form.querySelectorAll("[data-if]")) {
      part.hidden = !part.dataset.is.split(" ").includes(form.elements[part.dataset.if].value);
    }
  }

  function mark(troubles) {
    for (const place of form.querySelectorAll(".field-trouble")) {
      const name = place.id.replace(/-trouble$/, "");
      const shown = touched.has(name) ? (troubles.get(name) ?? "") : "";
      place.textContent = shown;
      place.hidden = shown === "";
      const field = form.elements[name];
      if (shown === "") field.removeAttribute("aria-invalid");
      else field.setAttribute("aria-invalid", "true");
    }
  }

  async function check() {
    asking?.abort();
    asking = new AbortController();
    answer.setAttribute("aria-busy", "true");
    try {
      const reply = await fetch("/submit/check", { method: "POST", body: new URLSearchParams(new FormData(form)), signal: asking.signal });
      if (!reply.ok) throw new Error(`the service answered ${reply.status}`);
      const page = new DOMParser().parseFromString(await reply.text(), "text/html");
      answer.replaceChildren(...page.body.childNodes);
      mark(new Map([...answer.querySelectorAll("[data-field]")].map((one) => [one.dataset.field, one.querySelector("span").textContent])));
    } catch (error) {
      if (error.name === "AbortError") return;
      answer.textContent = `The form could not be checked (${error.message}). It is checked again when it is sent.`;
    }
    answer.removeAttribute("aria-busy");
  }

  form.addEventListener("input", (event) => {
    touched.add(event.target.name);
    fit();
    if (form.elements.form_key === undefined || form.elements.model.value.trim() === "") return;
    clearTimeout(timer);
    timer = setTimeout(check, PAUSE_MS);
  });
  fit();
  for (const place of form.querySelectorAll(".field-trouble:not([hidden])")) touched.add(place.id.replace(/-trouble$/, ""));
  if (form.elements.form_key !== undefined && form.elements.model.value.trim() !== "" && touched.size === 0) check();
})();
