// The shop's own script: says that something was put in the basket. It stores nothing.
document.addEventListener('click', (event) => {
  const button = event.target instanceof Element ? event.target.closest('button[data-add]') : null;
  const status = document.querySelector('[data-added]');
  if (button && status) status.textContent = button.dataset.add;
});
