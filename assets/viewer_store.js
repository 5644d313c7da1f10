// Holds a volume that the server has sent, under the digest of its content. Each volume is an element
// of its own, because the framework sends an element again only where the browser no longer has it.

const ID_LENGTH = 20;

export default function ({ parentElement, data }) {
  const store = (globalThis.__clamVolumes ??= Object.assign(new EventTarget(), { held: new Map() }));
  const sent = data instanceof ArrayBuffer ? new Uint8Array(data) : data;
  const id = new TextDecoder().decode(sent.subarray(0, ID_LENGTH));
  if (store.held.get(parentElement)?.id !== id) {
    store.held.set(parentElement, { id, bytes: sent.slice(ID_LENGTH) });
    store.dispatchEvent(new Event("held"));
  }
  return () => store.held.delete(parentElement);
}
