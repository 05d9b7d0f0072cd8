// Files that go with the next prompt: each is sent ahead to the session, and stands above the words as a chip.
(() => {
  const HEAVY = 8_000_000; // bytes
  const JSON_TYPE = { "content-type": "application/json" };
  const value = (id) => document.getElementById(id).value;
  const form = () => document.getElementById("prompt");
  const list = () => document.getElementById("attachments");
  const own = () => form().elements.session_id; // the session that was made for the files of a new page
  const here = () => (location.pathname === "/" ? own().value : form().dataset.session);
  const said = (text, name) => text.replace("{name}", name);

  const named = () => {
    const ids = [...list().querySelectorAll("[data-id]")].map((chip) => chip.dataset.id);
    form().elements.attachments.value = ids.join();
    list().hidden = !list().children.length;
  };
  const weight = (size) =>
    size < 1e6 ? `${Math.max(1, Math.round(size / 1000))} kB` : `${(size / 1e6).toFixed(1)} MB`;
  const drop = (chip) => {
    chip.request?.abort();
    chip.remove();
    named();
    document.getElementById("composer").focus();
    if (chip.dataset.id) fetch(`${chip.dataset.at}/${chip.dataset.id}`, { method: "DELETE" }).catch(() => {});
  };
  const drawn = (name, size) => {
    const [chip, label, note, remove] = ["li", "span", "small", "button"].map((tag) => document.createElement(tag));
    [label.textContent, label.title, note.textContent] = [name, name, weight(size)];
    Object.assign(remove, { type: "button", textContent: "✕", ariaLabel: said(list().dataset.remove, name) });
    remove.addEventListener("click", () => drop(chip));
    chip.append(label, note, remove);
    list().append(chip);
    named();
    return chip;
  };
  const done = (chip, at, { id, media_type: kind }) => {
    Object.assign(chip.dataset, { id, at, kind: kind.split("/")[0], state: "ok" });
    named();
  };
  const failed = (chip, sentence) => {
    chip.dataset.state = "failed";
    chip.querySelector("small").textContent = sentence;
  };

  let making = null;
  const make = async () => {
    const body = JSON.stringify({ model: value("model"), mode: value("mode") });
    const answer = await fetch("/api/v1/sessions", { method: "POST", headers: JSON_TYPE, body });
    const made = await answer.json();
    if (!answer.ok) throw new Error(made.detail);
    return made.id;
  };
  const session = async () => {
    if (here()) return here();
    making ??= make().finally(() => (making = null));
    return (own().value = await making);
  };
  const sent = (chip, at, file) =>
    new Promise((resolve, reject) => {
      const request = (chip.request = new XMLHttpRequest()); // fetch tells of no progress
      request.responseType = "json";
      request.upload.onprogress = ({ loaded, total }) =>
        chip.style.setProperty("--sent", `${Math.round((100 * loaded) / total)}%`);
      request.onload = () =>
        request.status === 201 ? resolve(request.response) : reject(new Error(request.response?.detail ?? ""));
      request.onerror = () => reject(new Error(""));
      request.open("POST", `${at}?name=${encodeURIComponent(file.name.slice(-100))}`);
      request.setRequestHeader("content-type", "application/octet-stream");
      request.send(file);
    });
  const attach = async (file) => {
    const chip = drawn(file.name, file.size);
    if (file.size > HEAVY) return failed(chip, said(list().dataset.heavy, file.name));
    chip.dataset.state = "sending";
    try {
      const at = `/api/v1/sessions/${await session()}/attachments`;
      done(chip, at, await sent(chip, at, file));
    } catch (error) {
      failed(chip, error.message || said(list().dataset.failed, file.name));
    }
    document.dispatchEvent(new Event("maestro:attached"));
  };

  document.addEventListener("maestro:files", ({ detail }) => detail.forEach(attach));
  document.addEventListener("maestro:draft", ({ detail }) => {
    const at = `/api/v1/sessions/${here()}/attachments`;
    for (const chip of list().querySelectorAll("[data-at]")) if (chip.dataset.at !== at) chip.remove();
    const shown = new Set([...list().children].map((chip) => chip.dataset.id));
    for (const one of detail) if (!shown.has(one.id)) done(drawn(one.name, one.size), at, one);
    named();
  });
  document.addEventListener("reset", ({ target }) => {
    if (target.id !== "prompt") return;
    list().replaceChildren();
    own().value = "";
    named();
  });
})();
