// Beside the map of the cohort: tells the server which part of the map is seen, so that a map that
// is drawn again opens there, and shows a small picture of the scan under the pointer. The map is
// the framework's own chart; this only listens to it.

const CHART = '[class*="st-key-map-"] .js-plotly-plot';
const LOOK_MS = 400; // how often a map that was drawn again is looked for
const REST_MS = 250; // a pointer that rests this long asks for a picture
const MOVED_MS = 400; // a map that is being moved or zoomed tells where it has come to rest
const MOST_PICTURES = 500;
const STYLE = "position:fixed;z-index:1000;width:150px;border-radius:4px;pointer-events:none;background:#000";

const isDrawnByWebgl = (chart) => chart.data.some(({ type }) => type === "scattergl");

function hasWebgl() {
  const context = document.createElement("canvas").getContext("webgl");
  context?.getExtension("WEBGL_lose_context")?.loseContext(); // browsers have few of them
  return Boolean(context);
}

class Watch {
  constructor() {
    this.pictures = new Map();
    this.image = document.createElement("img");
    this.image.style.cssText = STYLE;
    this.image.hidden = true;
    document.body.append(this.image);
    this.looking = setInterval(() => this.attach(), LOOK_MS);
  }

  attach() {
    const chart = document.querySelector(CHART);
    if (!chart) this.leave();
    if (!chart?._ev || chart._ev === this.known || !chart._fullLayout?.xaxis) return;
    this.known = chart._ev;
    this.leave();
    if (isDrawnByWebgl(chart) && !hasWebgl()) this.tell("plain", true); // it is drawn in another way
    chart.on("plotly_relayout", () => this.moved(chart));
    chart.on("plotly_hover", (event) => this.over(chart, event.points[0]));
    chart.on("plotly_unhover", () => this.leave());
    chart.addEventListener("pointerdown", () => this.leave());
  }

  moved(chart) {
    this.leave();
    clearTimeout(this.moving);
    this.moving = setTimeout(() => {
      const { xaxis, yaxis, dragmode } = chart._fullLayout ?? {};
      if (!xaxis) return;
      const isWhole = Boolean(xaxis.autorange && yaxis.autorange);
      const [x, y] = isWhole ? [null, null] : [[...xaxis.range], [...yaxis.range]];
      this.tell("frame", { of: chart.layout.meta, x, y, tool: dragmode });
    }, MOVED_MS);
  }

  over(chart, point) {
    this.leave();
    const scan = point && [point.customdata].flat()[0];
    if (!scan) return;
    this.scan = scan;
    this.chart = chart;
    this.resting = setTimeout(() => (this.pictures.has(scan) ? this.show() : this.tell("hover", scan)), REST_MS);
  }

  leave() {
    clearTimeout(this.resting);
    this.scan = null;
    this.image.hidden = true;
  }

  got({ of, scan, picture }) {
    if (this.of !== of) this.pictures.clear(); // of another run, or of maps that were made again
    this.of = of;
    if (!picture) return;
    if (this.pictures.size >= MOST_PICTURES) this.pictures.clear();
    this.pictures.set(scan, picture);
    this.show();
  }

  // Under the text beside the pointer, or above it where there is no room.
  show() {
    const picture = this.pictures.get(this.scan);
    const label = this.chart?.querySelector(".hoverlayer .hovertext")?.getBoundingClientRect();
    if (!picture || !label) return;
    this.image.onload = () => {
      const below = label.bottom + 4;
      const hasRoom = below + this.image.offsetHeight < innerHeight;
      this.image.style.left = `${label.left}px`;
      this.image.style.top = `${hasRoom ? below : label.top - this.image.offsetHeight - 4}px`;
      this.image.style.visibility = "visible";
    };
    this.image.style.visibility = "hidden";
    this.image.alt = `Small picture of scan ${this.scan}`;
    this.image.src = picture;
    this.image.hidden = false;
  }

  close() {
    clearInterval(this.looking);
    clearTimeout(this.moving);
    this.leave();
    this.image.remove();
  }
}

const watches = new WeakMap();

export default function ({ parentElement, data, setStateValue, setTriggerValue }) {
  if (!watches.has(parentElement)) watches.set(parentElement, new Watch());
  const watch = watches.get(parentElement);
  watch.tell = (name, value) => (name === "hover" ? setTriggerValue : setStateValue)(name, value);
  watch.got(data);
  return () => {
    watches.delete(parentElement);
    watch.close();
  };
}
