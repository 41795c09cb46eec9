// Small comforts only: every page works without this file.
"use strict";
(() => {
  const openMenus = () => document.querySelectorAll("details.menu[open]");
  // A click elsewhere, or Escape, closes an open menu.
  document.addEventListener("click", (event) => {
    openMenus().forEach((menu) => { if (!menu.contains(event.target)) menu.open = false; });
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    openMenus().forEach((menu) => {
      const held = menu.contains(document.activeElement);
      menu.open = false;
      if (held) menu.querySelector("summary").focus();
    });
  });
  // A second click on a form that is on its way is swallowed. The server guards it too.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if ((form.getAttribute("method") || "").toLowerCase() !== "post" || form.hasAttribute("hx-post")) return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "1";
    if (event.submitter) event.submitter.dataset.busy = "1";
    setTimeout(release, 10000); // an answer that is a file leaves the page standing
  });
  const release = () => {
    document.querySelectorAll("form[data-sent]").forEach((form) => { delete form.dataset.sent; });
    document.querySelectorAll("[data-busy]").forEach((button) => { delete button.dataset.busy; });
  };
  window.addEventListener("pageshow", release);
  // <form data-autosubmit>: a changed select or radio sends it; its own button is for readers without JavaScript.
  document.addEventListener("change", (event) => {
    const form = event.target.form;
    if (form && form.hasAttribute("data-autosubmit")) form.requestSubmit();
  });
  document.documentElement.classList.add("js");
  // After a refused form, start reading at what went wrong.
  const errors = document.querySelector("[data-errors]");
  if (errors) errors.focus();
})();
