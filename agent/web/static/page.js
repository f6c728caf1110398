/* What htmx leaves to us: keys, local times, the upload, and telling what went wrong. No markup is made of text. */
(() => {
  const $ = (selector, root = document) => root.querySelector(selector);
  const toast = (text) => { $("#toast").textContent = text; };

  /* Times come in UTC; a person reads them in his own zone. */
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
  const local = new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "medium" });
  const showTimes = (root) => {
    for (const time of root.querySelectorAll("time:not([title])")) {
      time.title = time.textContent;
      time.textContent = local.format(new Date(time.dateTime));
    }
    for (const input of root.querySelectorAll("[data-zone]")) input.value = zone;
  };

  /* The rows of a list, and the one that has the focus. */
  const rows = () => [...document.querySelectorAll("a.go")];
  const here = () => rows().indexOf($("a.go", document.activeElement?.closest(".row") || document.createElement("p")));
  const move = (step) => {
    const all = rows();
    const at = here();
    const next = all[Math.min(Math.max(at < 0 ? 0 : at + step, 0), all.length - 1)];
    next?.focus();
    next?.closest(".row").scrollIntoView({ block: "nearest" });
  };
  const acknowledge = () => {
    const button = $("#act-acknowledge") || $("[data-act=acknowledge]", rows()[here()]?.closest(".row") || document.createElement("p"));
    if (button) button.click(); else toast(rows().length ? "Choose an open incident with j and k first." : "There is nothing to acknowledge here.");
  };
  const keys = {
    j: () => move(1),
    k: () => move(-1),
    a: acknowledge,
    u: () => { const up = $("#up"); if (up) up.click(); },
    "/": () => $("[data-slash]")?.focus(),
    "?": () => $("#help")?.showModal(),
  };
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select, video, dialog");
    if (typing && event.key === "Escape" && event.target.blur) event.target.blur();
    if (typing || event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  });

  /* A clip is cut when somebody wants it, not before. */
  document.addEventListener("toggle", (event) => {
    const video = event.target.open && $("video[data-src]", event.target);
    if (!video || video.src) return;
    video.addEventListener("error", async () => {
      const answer = await fetch(video.dataset.src, { headers: { Range: "bytes=0-0" } }).catch(() => null);
      const told = answer && !answer.ok ? (await answer.json().catch(() => ({}))).detail : null;
      $("#clip-told").textContent = told || "This browser cannot play its coding; download it instead.";
    });
    video.src = video.dataset.src;
    video.preload = "metadata";
  }, true);

  /* Uploads go as they are, with their progress. */
  const upload = $("#upload");
  if (upload) {
    upload.hidden = false;
    upload.addEventListener("submit", (event) => {
      event.preventDefault();
      const file = $("#file").files[0];
      const bar = $("#upload-progress");
      const asked = new URLSearchParams({ name: file.name, profile: $("#profile").value, mode: $("#mode").value });
      const request = new XMLHttpRequest();
      request.open("POST", `/v1/scans/upload?${asked}`);
      request.setRequestHeader("Content-Type", "application/octet-stream");
      request.responseType = "json";
      request.upload.onprogress = (sent) => { if (sent.lengthComputable) bar.value = 100 * sent.loaded / sent.total; };
      request.onerror = () => { bar.hidden = true; toast("The upload was broken off."); };
      request.onload = () => {
        bar.hidden = true;
        if (request.status === 202) location.assign(`/scans/${encodeURIComponent(request.response.id)}`);
        else toast(request.response?.detail || `The upload was refused (${request.status}).`);
      };
      bar.hidden = false;
      request.send(file);
    });
  }

  $("#help-button")?.addEventListener("click", keys["?"]);
  addEventListener("htmx:responseError", (event) => {
    const xhr = event.detail.xhr;
    const plain = (xhr.getResponseHeader("Content-Type") || "").startsWith("text/plain");
    toast(plain ? xhr.responseText : `The service answered ${xhr.status}.`);
  });
  addEventListener("htmx:sendError", () => toast("The service cannot be reached."));
  addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.successful && event.target.matches("[data-clear]")) event.target.reset();
    if (event.detail.successful && event.target.matches("form[hx-post]")) toast("");
  });
  addEventListener("htmx:afterSwap", (event) => {
    showTimes(event.target);
    for (const part of document.querySelectorAll("#verdict, #verdicts, #history")) showTimes(part);
    /* The button that was pressed may be gone: whoever uses keys must not be thrown to the top. */
    if (event.target.id === "standing" && document.activeElement === document.body) $("#main").focus({ preventScroll: true });
    if (event.target.id === "talk") { $("#hint")?.remove(); event.target.lastElementChild?.scrollIntoView({ block: "nearest" }); }
  });
  /* An event of the feed says that a part is stale; it is fetched soon, once for all events of that moment. */
  const stale = new Set();
  addEventListener("htmx:sseBeforeMessage", (event) => {
    event.preventDefault();
    const part = event.target;
    if (stale.has(part)) return;
    stale.add(part);
    setTimeout(() => { stale.delete(part); htmx.trigger(part, "fresh"); }, 300);
  });
  const link = (state) => { const told = $("#link"); if (told) { told.textContent = state ? "live" : "not live"; told.dataset.live = String(state); } };
  addEventListener("htmx:sseOpen", () => link(true));
  addEventListener("htmx:sseError", () => link(false));
  showTimes(document);
})();
