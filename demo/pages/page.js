// What the page's own HTML does. Gradio runs one of these functions for each component, with the component's `element`
// and `trigger`; the listeners sit on the element, which stays while its content changes.

function filters(element, trigger) {
  const send = (data) => trigger("input", data);
  const sendRange = () => {
    const ends = {};
    element.querySelectorAll("[data-end]").forEach((input) => { ends[input.dataset.end] = input.value; });
    send({ field: "price", ...ends });
  };
  element.addEventListener("click", (event) => {
    const row = event.target.closest("button[data-field]");
    if (!row) return;
    const { field, code, low, high } = row.dataset;
    send(field === "price" ? { field, low, high } : { field, code });
  });
  element.addEventListener("change", (event) => {
    const box = event.target;
    if (box.dataset.end) sendRange();
    else if (box.dataset.field) send({ field: box.dataset.field, code: box.dataset.code, on: box.checked });
  });
}

function chips(element, trigger) {
  element.addEventListener("click", (event) => {
    const chip = event.target.closest("[data-query]");
    if (chip) trigger("select", { query: chip.dataset.query });
  });
}

function products(element, trigger) {
  const open = (event) => {
    const card = event.target.closest("[data-id]");
    if (card) trigger("select", { id: card.dataset.id });
    return card;
  };
  element.addEventListener("click", open);
  element.addEventListener("keydown", (event) => {
    if ((event.key === "Enter" || event.key === " ") && open(event)) event.preventDefault();
  });
}

function layer(element, trigger, watch, props) {
  products(element, trigger);
  const close = () => {
    if (element.querySelector(".fh-layer")) props.value = "";
    document.body.classList.remove("fh-still");
  };
  element.addEventListener("click", (event) => {
    if (event.target.closest(".fh-close") || event.target.classList.contains("fh-layer")) close();
  });
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") close(); });
  watch("value", () => {
    const dialog = element.querySelector(".fh-dialog");
    document.body.classList.toggle("fh-still", dialog !== null);
    if (dialog) dialog.focus({ preventScroll: true });
  });
}

function rules(element, trigger) {
  element.addEventListener("click", (event) => {
    const button = event.target.closest("[data-rule]");
    if (button) trigger("select", { rule: button.dataset.rule });
  });
}

function versions(element, trigger, watch, props) {
  layer(element, trigger, watch, props);
  element.addEventListener("click", (event) => {
    const button = event.target.closest("[data-undo]");
    if (button) trigger("input", { rule: button.dataset.undo });
  });
}
