// Lays the content picture over the output with a handle between them. The handle is a range
// input, so keyboard, touch and screen readers work; without this script all pictures stay in view.
"use strict";

function enliven(figure) {
  const stage = figure.querySelector(".compare__stage");
  const range = document.createElement("input");
  range.type = "range";
  range.className = "compare__range";
  range.min = "0";
  range.max = "100";
  range.step = "1";
  range.value = "50";
  range.setAttribute("aria-label", figure.dataset.label);
  const handle = document.createElement("span");
  handle.className = "compare__handle";
  handle.setAttribute("aria-hidden", "true");

  function show() {
    stage.style.setProperty("--at", `${range.value}%`);
    range.setAttribute("aria-valuetext", `${range.value} %`);
  }

  range.addEventListener("input", show);
  stage.append(range, handle);
  figure.classList.add("compare--live");
  show();
}

document.querySelectorAll("[data-compare]").forEach(enliven);
