// The viewer's way into the page: it waits for the volumes that the server sent, and hands them to our modules. Moving a
// slice, a slider or the window asks nothing of the server; what is shown is told to it when it rests, for the address.

const PARTS = ["scan", "map", "mask"];
const PATIENCE_MS = 60_000;
const viewers = new WeakMap();
let module = null;

// The volumes that a head names, once all of them are here; null where a newer head has come meanwhile.
async function volumes(head, isCurrent) {
  const store = (globalThis.__clamVolumes ??= Object.assign(new EventTarget(), { held: new Map() }));
  const wanted = head.panes.flatMap((pane) => PARTS.map((name) => pane[name]).filter(Boolean));
  const until = performance.now() + PATIENCE_MS;
  for (;;) {
    const found = new Map([...store.held.values()].map(({ id, bytes }) => [id, bytes]));
    if (wanted.every(({ id }) => found.has(id))) {
      for (const part of wanted) part.bytes = found.get(part.id);
      for (const pane of head.panes) pane.smooth = head.smooth;
      return head;
    }
    if (!isCurrent()) return null;
    if (performance.now() > until) throw new Error("it has not arrived completely");
    await new Promise((resolve) => {
      store.addEventListener("held", resolve, { once: true });
      setTimeout(resolve, 100);
    });
  }
}

function base() {
  return (globalThis.__streamlit?.MAIN_PAGE_BASE_URL ?? new URL(".", document.baseURI).href).replace(/\/?$/, "/");
}

// One view of one element: what is sent while an older one is still drawn waits for it.
class Mount {
  constructor(root) {
    Object.assign(this, { root, work: Promise.resolve(), viewer: null, isOpen: true });
  }

  send(data) {
    if (this.sent === data) return;
    this.sent = data;
    this.work = this.work.then(() => this.show(data)).catch((error) => {
      console.error(error);
      this.root.querySelector(".message").textContent = `The viewer could not draw this scan (${error.message}); choose plain pictures below.`;
    });
  }

  async show(data) {
    const head = JSON.parse(data);
    module ??= import(`${base()}${head.scripts}/reading_viewer.js`);
    const [{ Viewer }, found] = await Promise.all([module, volumes(head, () => this.isOpen && this.sent === data)]);
    if (!found || !this.isOpen) return;
    this.viewer ??= this.root.clamViewer = new Viewer(this.root, base());
    Object.assign(this.viewer, this.answers);
    this.viewer.update(found);
  }

  close() {
    this.isOpen = false;
    this.viewer?.close();
  }
}

export default function ({ parentElement, data, setStateValue, setTriggerValue }) {
  const root = parentElement.querySelector(".viewer");
  if (!viewers.has(root)) viewers.set(root, new Mount(root));
  const mount = viewers.get(root);
  mount.answers = { tell: setStateValue, shut: () => setTriggerValue("closed", true) };
  if (mount.viewer) Object.assign(mount.viewer, mount.answers);
  mount.send(data);
  return () => {
    viewers.delete(root);
    mount.close();
  };
}
