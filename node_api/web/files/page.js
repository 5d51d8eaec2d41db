// Sends the form without leaving the page. The form works without this, too; the answer is the same
// page with its result, whose words come from the server.
"use strict";

const form = document.getElementById("form");
const result = document.getElementById("result");
const drop = document.getElementById("drop");
const file = document.getElementById("file");
const text = document.getElementById("text");
const submit = document.getElementById("submit");
const MAX_BYTES = 1024 * 1024;

const chosen = document.getElementById("chosen");
const nothingChosen = chosen.textContent;

document.body.classList.add("scripted");

function showChosen() {
  const picked = file.files[0];
  chosen.textContent = picked ? picked.name : nothingChosen;
}

file.addEventListener("change", showChosen);
showChosen();

function show(nodes) {
  result.replaceChildren(...nodes);
  result.hidden = false;
  result.scrollIntoView({ block: "start" });
  result.focus({ preventScroll: true });
}

function showProblem(name) {
  const template = document.querySelector(`template[data-problem="${name}"]`);
  show([template.content.cloneNode(true)]);
}

function nameProblem(status) {
  if (status === 413) return "too_large";
  if (status === 429) return "busy";
  return "unavailable";
}

async function send() {
  let response;
  try {
    response = await fetch(form.action, { method: "POST", body: new FormData(form), cache: "no-store" });
  } catch {
    return showProblem("offline");
  }
  const type = response.headers.get("content-type") || "";
  if (!type.startsWith("text/html")) return showProblem(nameProblem(response.status));
  const answered = new DOMParser().parseFromString(await response.text(), "text/html");
  const found = answered.getElementById("result");
  if (!found?.firstElementChild) return showProblem(nameProblem(response.status));
  show([...found.childNodes].map((node) => document.importNode(node, true)));
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const picked = file.files[0];
  if (!picked && !text.value.trim()) return showProblem("empty");
  if ((picked ? picked.size : text.value.length) > MAX_BYTES) return showProblem("too_large");
  const label = submit.textContent;
  submit.disabled = true;
  submit.textContent = submit.dataset.working;
  try {
    await send();
  } finally {
    submit.disabled = false;
    submit.textContent = label;
  }
});

result.addEventListener("click", (event) => {
  if (event.target.matches("[data-print]")) window.print();
});

for (const kind of ["dragenter", "dragover"]) {
  drop.addEventListener(kind, (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
}
for (const kind of ["dragleave", "drop"]) {
  drop.addEventListener(kind, () => drop.classList.remove("over"));
}
drop.addEventListener("drop", (event) => {
  event.preventDefault();
  if (event.dataTransfer.files.length === 1) {
    file.files = event.dataTransfer.files;
    showChosen();
  }
});
