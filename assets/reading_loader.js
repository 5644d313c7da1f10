// Fetches a scan at its own resolution, the slices near the crosshair first.

const AGAIN_MS = 150;
const IN_FLIGHT = 3;
const READ_MS = 180_000;
const FAILED = "The scan at its own resolution could not be fetched; you see the smaller copy in the study.";

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// What the server knows of the scan, once it has read it.
async function ready(base, isCurrent, say) {
  const until = performance.now() + READ_MS;
  while (isCurrent()) {
    const answer = await fetch(`${base}/info`, { cache: "no-store" });
    if (!answer.ok) return { state: "failed", sentence: FAILED };
    const info = await answer.json();
    if (info.state !== "reading") return info;
    if (performance.now() > until) return { state: "failed", sentence: FAILED };
    say("Reading the scan at its own resolution ...");
    await pause(AGAIN_MS);
  }
  return null;
}

// `begin(info)` is told once, `put(values, first)` for each chunk; `say(text, isTrouble)` all the time.
export async function fetchOwn(base, { isCurrent, near, begin, put, say }) {
  try {
    const info = await ready(base, isCurrent, say);
    if (!info || !isCurrent()) return;
    if (info.state !== "ready") {
      say(info.sentence || FAILED, true);
      return;
    }
    begin(info);
    await chunks(`${base}/${info.digest}`, info, { isCurrent, near, put, say });
    if (isCurrent()) say("");
  } catch (error) {
    console.warn(error);
    if (isCurrent()) say(FAILED, true);
  }
}

async function chunks(base, { shape, slices_per_chunk: per }, { isCurrent, near, put, say }) {
  const slice = shape[0] * shape[1];
  const wanted = new Set(Array.from({ length: Math.ceil(shape[2] / per) }, (_, n) => n));
  const all = wanted.size;
  const away = (n) => Math.abs(n * per + (per - 1) / 2 - near());
  const worker = async () => {
    while (wanted.size && isCurrent()) {
      const number = [...wanted].reduce((best, one) => (away(one) < away(best) ? one : best));
      wanted.delete(number);
      const count = Math.min(per, shape[2] - number * per);
      const answer = await fetch(`${base}/${number}`);
      if (!answer.ok) throw new Error(`chunk ${number}: ${answer.status}`);
      const bytes = await answer.arrayBuffer();
      if (bytes.byteLength !== 2 * slice * count) throw new Error(`chunk ${number}: ${bytes.byteLength} bytes`);
      if (!isCurrent()) return;
      put(new Int16Array(bytes), number * per);
      say(`Own resolution: ${Math.round(100 * (1 - wanted.size / all))} %`);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
}
