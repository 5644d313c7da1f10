// Fetches a scan at its own resolution, the slices near the crosshair first.

const AGAIN_MS = 150;
const IN_FLIGHT = 3;
const READ_MS = 180_000;
const FAILED = "The scan at its own resolution could not be fetched; you see the smaller copy in the study.";

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// What the server knows of the scan, once it has read it. While it reads, it may know the place of every slice: then the
// slice that is looked at is fetched alone.
async function ready(base, { isCurrent, near, begin, put, say }) {
  const until = performance.now() + READ_MS;
  let seen = null;
  while (isCurrent()) {
    const answer = await fetch(`${base}/info`, { cache: "no-store" });
    if (!answer.ok) return { state: "failed", sentence: FAILED };
    const info = await answer.json();
    if (info.state !== "reading") return info;
    if (performance.now() > until) return { state: "failed", sentence: FAILED };
    say("Reading the scan at its own resolution ...");
    if (info.shape && seen === null) begin(info);
    if (info.shape && seen !== near()) {
      seen = near();
      await early(base, info.shape, seen, { isCurrent, put });
    } else await pause(AGAIN_MS);
  }
  return null;
}

async function early(base, [nx, ny], index, { isCurrent, put }) {
  const answer = await fetch(`${base}/early/${index}`, { cache: "no-store" });
  if (!answer.ok || !isCurrent()) return;
  const bytes = await answer.arrayBuffer();
  if (bytes.byteLength === 2 * nx * ny && isCurrent()) put(new Int16Array(bytes), index);
}

// `begin(info)` is told as soon as the geometry is known, and once more when all is read; `leave()` where it is not shown; `put(values, first)` for each chunk; `say(text, isTrouble)` all the time.
export async function fetchOwn(base, { isCurrent, near, begin, leave, put, say }) {
  try {
    const info = await ready(base, { isCurrent, near, begin, put, say });
    if (!info || !isCurrent()) return;
    if (info.state !== "ready") {
      leave();
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
