// Whose right has ended is not left in front of a dead page: a visit leads to where one may go on.
(() => {
  const RETURNED = "maestro-returned"; // once: where one visit does not help, another will not
  const ask = async () => {
    const known = await fetch("/api/v1/me", { cache: "no-store" }).catch(() => null);
    if (known?.status !== 401 || sessionStorage.getItem(RETURNED)) return;
    sessionStorage.setItem(RETURNED, "yes");
    location.reload();
  };

  // Loaded before Reflex, which keeps the class it finds; a socket that is refused never opens, and closes too.
  window.WebSocket = class extends WebSocket {
    constructor(...address) {
      super(...address);
      this.addEventListener("open", () => sessionStorage.removeItem(RETURNED));
      this.addEventListener("close", ask);
    }
  };
})();
