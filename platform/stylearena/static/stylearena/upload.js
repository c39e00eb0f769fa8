// Drag and drop, the chosen file's name, and the upload's progress. The form works without it.
(() => {
  const size = (bytes) => {
    const units = ["bytes", "KB", "MB", "GB"];
    let power = 0;
    let value = bytes;
    while (value >= 1024 && power < units.length - 1) {
      value /= 1024;
      power += 1;
    }
    return `${value.toFixed(power ? 1 : 0)} ${units[power]}`;
  };

  const part = (form, name) => form.querySelector(`[data-${name}]`);

  const trouble = (form, sentence) => {
    const box = part(form, "upload-trouble");
    box.hidden = !sentence;
    box.textContent = sentence;
  };

  const showChosen = (form) => {
    const [file] = form.querySelector("input[type=file]").files;
    const line = part(form, "chosen");
    line.hidden = !file;
    line.textContent = file ? `${file.name} · ${size(file.size)}` : "";
    const tooLarge = Boolean(file) && file.size > Number(form.dataset.maxBytes);
    trouble(form, tooLarge ? form.dataset.tooLarge : "");
    form.querySelector("button[type=submit]").disabled = tooLarge;
  };

  const showProgress = (form, fraction) => {
    const box = part(form, "upload-progress");
    const state = part(form, "upload-state");
    box.hidden = fraction === null;
    if (fraction === null) return;
    const percent = Math.floor(fraction * 100);
    const meter = box.querySelector("progress");
    if (fraction < 1) {
      meter.value = percent;
      state.textContent = `${state.dataset.sending} ${percent}%`;
    } else {
      meter.removeAttribute("value"); // the checks take as long as they take
      state.textContent = state.dataset.checking;
    }
  };

  const formOf = (event) => event.target.closest?.("form[data-upload]");

  document.addEventListener("change", (event) => {
    const form = formOf(event);
    if (form) showChosen(form);
  });

  for (const kind of ["dragenter", "dragover", "dragleave", "drop"]) {
    document.addEventListener(kind, (event) => {
      const zone = event.target.closest?.("[data-dropzone]");
      if (!zone) return;
      event.preventDefault();
      zone.classList.toggle("dropzone--over", kind === "dragenter" || kind === "dragover");
      const input = zone.querySelector("input[type=file]");
      if (kind !== "drop" || input.disabled || !event.dataTransfer.files.length) return;
      input.files = event.dataTransfer.files;
      input.dispatchEvent(new Event("change", { bubbles: true }));
    });
  }

  document.addEventListener("htmx:beforeRequest", (event) => {
    const form = formOf(event);
    if (!form) return;
    form.querySelector("button[type=submit]").disabled = true;
    trouble(form, "");
    showProgress(form, 0);
  });

  document.addEventListener("htmx:xhr:progress", (event) => {
    const form = formOf(event);
    if (form && event.detail.lengthComputable && event.detail.elt === form) {
      showProgress(form, event.detail.loaded / event.detail.total);
    }
  });

  // A refused entry comes back with the form and its verdict: show it.
  document.addEventListener("htmx:beforeSwap", (event) => {
    if ([413, 422, 429].includes(event.detail.xhr.status)) {
      event.detail.shouldSwap = true;
      event.detail.isError = false;
    }
  });

  document.addEventListener("htmx:afterSettle", () => {
    document.querySelector("#hand-in #entry-error")?.focus();
  });

  for (const kind of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
    document.addEventListener(kind, (event) => {
      const form = formOf(event);
      if (!form) return;
      form.querySelector("button[type=submit]").disabled = false;
      showProgress(form, null);
      trouble(form, form.dataset.interrupted);
    });
  }
})();
