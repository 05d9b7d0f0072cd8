// Forms that carry a secret go straight to the API: nothing of them passes through the page's State.
(() => {
  const said = (output, text, isWrong) => {
    output.role = isWrong ? "alert" : "status";
    output.dataset.state = isWrong ? "failed" : "ok";
    output.textContent = text;
  };

  // `a.b` is b within a, several of one name are a list, an empty field is not sent.
  const fields = async (form) => {
    const found = {};
    for (const [name, given] of new FormData(form)) {
      const box = form.elements.namedItem(name);
      const value = given instanceof File ? await given.text() : given.trim();
      if (!value) continue;
      const [outer, ...inner] = name.split(".");
      if (inner.length) (found[outer] ??= {})[inner.join(".")] = value;
      else if (box instanceof RadioNodeList) (found[name] ??= []).push(value);
      else found[name] = box.dataset?.json === undefined ? value : JSON.parse(value);
    }
    return found;
  };

  const ask = async (form, request) => {
    const [method, address] = request.split(" ");
    const body = method === "DELETE" ? null : JSON.stringify(await fields(form));
    const headers = { "content-type": "application/json" };
    const answer = await fetch(address, { method, headers, body });
    const text = await answer.text();
    return [answer.ok, text ? JSON.parse(text) : {}];
  };

  // A made token is shown this once; it leaves the page with its output.
  const show = (form, output, secret) => {
    const [code, copy] = [document.createElement("code"), document.createElement("button")];
    code.textContent = secret;
    code.tabIndex = 0;
    Object.assign(copy, { type: "button", textContent: form.dataset.copy });
    copy.addEventListener("click", async () => {
      await navigator.clipboard.writeText(secret);
      copy.textContent = form.dataset.copied;
    });
    output.append(code, ...(navigator.clipboard ? [copy] : [])); // over http a browser has none
  };

  const send = async (form, request) => {
    const output = form.querySelector("output");
    if (form.ariaBusy === "true") return;
    form.ariaBusy = "true";
    said(output, form.dataset.sending);
    try {
      const [isDone, answer] = await ask(form, request);
      if (!isDone) return said(output, answer.detail ?? form.dataset.silent, true);
      form.reset();
      said(output, form.dataset.done);
      if (form.dataset.goes) return location.assign(answer[form.dataset.goes]);
      if (form.dataset.shows) show(form, output, answer[form.dataset.shows]);
      form.closest("section")?.querySelector(".reload")?.click();
    } catch {
      said(output, form.dataset.silent, true);
    } finally {
      form.ariaBusy = "false";
    }
  };

  document.addEventListener("submit", (event) => {
    if (!event.target.matches("form[data-api]")) return;
    event.preventDefault();
    send(event.target, event.submitter?.dataset.api ?? event.target.dataset.api);
  });

  // What is asked twice: “no” and Escape take the question back.
  const takeBack = (question) => {
    question.open = false;
    question.querySelector("summary").focus();
  };
  document.addEventListener("click", ({ target }) => {
    if (target.matches?.(".sure .no")) takeBack(target.closest(".sure"));
    else if (target.matches?.(".sure .danger")) target.closest(".sure").open = false;
  });
  document.addEventListener("keydown", ({ key, target }) => {
    const question = key === "Escape" && target.closest?.(".sure[open]");
    if (question) takeBack(question);
  });

  // Where a row was that is gone, its section is where one goes on.
  let section = null;
  document.addEventListener("focusin", ({ target }) => (section = target.closest("#settings section")));
  new MutationObserver(() => {
    if (!section || document.activeElement !== document.body) return;
    const heading = section.isConnected ? section.querySelector("h2") : null;
    section = null;
    heading?.focus({ preventScroll: true });
  }).observe(document.documentElement, { subtree: true, childList: true });
})();
