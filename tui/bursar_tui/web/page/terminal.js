// One tab: a terminal on the page, and a WebSocket to the process that draws on it.
"use strict";

(() => {
  const KEPT = "bursar.token";
  const PIECE = 16 * 1024;
  const LEFT = 4000, IDLE = 4001, FAULT = 4002, FULL = 4003, STRANGE = 4004, GOING_AWAY = 1001;
  const AGAIN = "\nPress Enter to open it again.";
  const SENTENCES = {
    [LEFT]: "You have left; the proxy goes on." + AGAIN,
    [IDLE]: "It has ended, because nobody looked at it for long." + AGAIN,
    [FAULT]: "The interface has ended with a fault; the terminal that it was started from says which." + AGAIN,
    [FULL]: "There are too many tabs. Close one first." + AGAIN,
    [STRANGE]: "The page and the program do not understand each other. Load the page again.",
    [GOING_AWAY]: "The command has ended. To start it: bursar watch --web",
  };
  const NOBODY = "Nobody answers, or this address is of an earlier start.\n" +
    "Open the address that bursar watch --web prints." + AGAIN;

  // Behind the #, no server is told it; kept by this tab alone, and not left in the address.
  const token = location.hash.slice(1) || sessionStorage.getItem(KEPT) || "";
  sessionStorage.setItem(KEPT, token);
  history.replaceState(null, "", location.pathname);
  addEventListener("hashchange", () => location.reload());

  const dark = !matchMedia("(prefers-color-scheme: light)").matches;
  const terminal = new Terminal({
    fontFamily: getComputedStyle(document.body).fontFamily,
    fontSize: 15,
    scrollback: 0,
    cursorBlink: false,
    minimumContrastRatio: 1,
    theme: dark ? { background: "#0f1317", foreground: "#d6dce2" } : { background: "#fbfaf7", foreground: "#22282e" },
    linkHandler: { activate: (event, address) => visit(address) },
  });
  const fit = new FitAddon.FitAddon();
  const ended = document.getElementById("ended");
  const encoder = new TextEncoder();
  let socket = null;

  function visit(address) {
    if (/^https?:\/\//.test(address)) window.open(address, "_blank", "noopener,noreferrer");
  }

  function isOpen() {
    return socket !== null && socket.readyState === WebSocket.OPEN;
  }

  function tell(message) {
    if (isOpen()) socket.send(JSON.stringify(message));
  }

  function type(bytes) {
    for (let at = 0; isOpen() && at < bytes.length; at += PIECE) socket.send(bytes.subarray(at, at + PIECE));
  }

  function open() {
    ended.hidden = true;
    terminal.reset();
    socket = new WebSocket(`ws://${location.host}/watch`, ["bursar.watch", token || "none"]);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      tell({ type: "opens", columns: terminal.cols, rows: terminal.rows, dark });
      tell({ type: "shows", visible: !document.hidden });
    };
    socket.onmessage = ({ data }) => typeof data === "string" ? visit(data) : terminal.write(new Uint8Array(data));
    socket.onclose = ({ code }) => {
      socket = null;
      ended.textContent = SENTENCES[code] || NOBODY;
      ended.hidden = false;
      ended.dataset.code = code;
    };
  }

  // What the interface copies (a new client key) goes to the clipboard; nothing is ever read from there.
  terminal.parser.registerOscHandler(52, (text) => {
    const copied = text.slice(text.indexOf(";") + 1);
    if (copied !== "?") {
      const bytes = Uint8Array.from(atob(copied), (each) => each.charCodeAt(0));
      navigator.clipboard.writeText(new TextDecoder().decode(bytes)).catch(() => undefined);
    }
    return true;
  });

  terminal.loadAddon(fit);
  terminal.open(document.getElementById("terminal"));
  fit.fit();
  new ResizeObserver(() => fit.fit()).observe(document.getElementById("terminal"));
  terminal.onResize(({ cols, rows }) => tell({ type: "resizes", columns: cols, rows }));
  terminal.onData((text) => type(encoder.encode(text)));
  terminal.onBinary((text) => type(Uint8Array.from(text, (each) => each.charCodeAt(0))));
  document.addEventListener("keydown", (event) => {
    if (socket === null && event.key === "Enter") { event.preventDefault(); event.stopPropagation(); open(); }
  }, { capture: true });
  document.addEventListener("visibilitychange", () => {
    tell({ type: "shows", visible: !document.hidden });
    if (socket === null && !document.hidden && ended.dataset.code === String(IDLE)) open();
  });
  terminal.focus();
  open();
})();
