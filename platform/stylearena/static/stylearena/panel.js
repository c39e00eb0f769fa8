// The submission's page around its live panel: what is said aloud, and the reload at the end.
(() => {
  // The panel is drawn anew every two seconds; only a new stage is worth a listener's attention.
  const sayStage = (panel) => {
    const said = document.getElementById("stage-said");
    const stage = panel.querySelector("[aria-current=step]")?.textContent.trim() ?? "";
    if (said && said.textContent !== stage) said.textContent = stage;
  };

  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.target.id === "panel") sayStage(event.target);
  });

  // The end has been reported: what stands around the panel (buttons, links) is now out of date.
  document.addEventListener("htmx:afterRequest", (event) => {
    const panel = event.target;
    const isLive = panel.id === "panel" && panel.dataset.wasActive === "true";
    if (isLive && event.detail.xhr.status === 286) window.location.reload();
  });
})();
