// Asks before a form with data-confirm is sent. Without JavaScript the form is simply sent.
document.addEventListener("submit", (event) => {
  const question = event.target.dataset.confirm;
  if (question && !window.confirm(question)) event.preventDefault();
});
