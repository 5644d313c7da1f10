// Mouse and keys of the view: what is done where, and the list of it that is shown under "?".
import { moved } from "./reading_geometry.js";

const HU_ACROSS = 3;
const HU_DOWN = 2;

const VOLUME = "volume";
// Key, what it does in words, what it does, and whether only volumes have it. Keys act only while the view has the focus.
export const KEYS = [
  ["ArrowUp", "Next slice", (v) => v.step(1), VOLUME],
  ["ArrowDown", "Slice before", (v) => v.step(-1), VOLUME],
  ["PageUp", "Ten slices on", (v) => v.step(10), VOLUME],
  ["PageDown", "Ten slices back", (v) => v.step(-10), VOLUME],
  ["Home", "Peak of the map", (v) => v.peak()],
  ["1", "Window: the first", (v) => v.preset(0)],
  ["2", "Window: the second", (v) => v.preset(1)],
  ["3", "Window: the third", (v) => v.preset(2)],
  ["m", "Map on or off", (v) => v.toggleMap()],
  ["o", "Map filled or as an outline", (v) => v.toggleMap("outline")],
  ["[", "Map fainter", (v) => v.nudge("opacity", -0.1)],
  ["]", "Map stronger", (v) => v.nudge("opacity", 0.1)],
  ["l", "Measure a length", (v) => v.use("length")],
  ["e", "Measure inside an ellipse", (v) => v.use("ellipse")],
  ["s", "Slab of 10 mm: brightest, darkest, off", (v) => v.slab(), VOLUME],
  [" ", "Run through the slices, and stop", (v) => v.cine(), VOLUME],
  ["a", "Axial large", (v) => v.enlarge("axial"), VOLUME],
  ["c", "Coronal large", (v) => v.enlarge("coronal"), VOLUME],
  ["g", "Sagittal large", (v) => v.enlarge("sagittal"), VOLUME],
  ["v", "Next layout", (v) => v.nextLayout(), VOLUME],
  ["d", "Map of the cohort beside the scan", (v) => v.room.drawer("d")],
  ["i", "About the scan: its maps, values, scans like it", (v) => v.room.drawer("i")],
  ["r", "Back to how it opened", (v) => v.reset()],
  ["p", "Save the picture", (v) => v.save()],
  ["f", "Full screen, and back", (v) => v.fullScreen()],
  ["?", "This list", (v) => v.controls.help()],
  ["Escape", "Put the tool down", (v) => v.putDown()],
];
const ALSO = { ArrowRight: "ArrowUp", ArrowLeft: "ArrowDown" };
const MOUSE = [
  ["Wheel", "Next slice", VOLUME],
  ["Ctrl and wheel", "Zoom about the pointer", VOLUME],
  ["Wheel", "Zoom about the pointer", "flat"],
  ["Click, drag", "Crosshair, or the chosen tool"],
  ["Right drag", "Window: width across, level up and down"],
  ["Shift or middle drag", "Move the picture"],
  ["Double click", "One plane, and back", VOLUME],
];
const WORDS = { ArrowUp: "\u2191 \u2192", ArrowDown: "\u2193 \u2190", " ": "Space", Escape: "Esc" };

// A key as it is written on a keyboard.
export function keyWords(key) {
  return WORDS[key] ?? (key.length === 1 ? key.toUpperCase() : key);
}

// Rows of the help: what to press, and what it does. `hasDigits`: whether digits are the picture's own; names of its windows.
export function helpRows(hasDigits = true, windows = [], isFlat = false) {
  const isMeant = (of) => !of || (of === VOLUME) !== isFlat;
  const rows = KEYS.flatMap(([key, words, , of]) => {
    if (!isMeant(of)) return [];
    if (!/^\d$/.test(key)) return [[keyWords(key), words]];
    const name = windows[Number(key) - 1];
    return name ? [[`${hasDigits ? "" : "Shift "}${key}`, `Window: ${name}`]] : [];
  });
  return [...MOUSE.filter(([, , of]) => isMeant(of)).map(([what, words]) => [what, words]), ...rows];
}

export function pressed(event, viewer) {
  if (["SELECT", "INPUT", "TEXTAREA"].includes(event.target.tagName)) return;
  if (event.ctrlKey || event.metaKey || event.altKey || event.key === "Tab") return;
  // A button that has the focus is pressed by these.
  if (event.target.tagName === "BUTTON" && [" ", "Enter"].includes(event.key)) return;
  const name = ALSO[event.key] ?? (event.key.length === 1 ? event.key.toLowerCase() : event.key);
  const found = KEYS.find(([key]) => key === name);
  event.stopPropagation(); // the framework has shortcuts of its own
  if (!found || (found[3] && viewer.isFlat)) return;
  event.preventDefault();
  found[2](viewer);
}

// Listen to the mouse over a canvas.
export function listen(canvas, viewer, scene) {
  let drag = null;
  canvas.addEventListener("contextmenu", (event) => event.preventDefault());
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    event.stopPropagation();
    const at = scene.point(event);
    const tile = scene.tileUnder(at);
    if (!tile) return;
    viewer.over(scene, tile.plane);
    if (event.ctrlKey || viewer.isFlat) {
      scene.zoom(tile, event.deltaY < 0 ? 1.15 : 1 / 1.15, at);
      viewer.redraw();
    } else viewer.turned(event);
  }, { passive: false });
  canvas.addEventListener("pointerdown", (event) => {
    const at = scene.point(event);
    const tile = scene.tileUnder(at);
    if (!tile) return;
    canvas.focus({ preventScroll: true });
    canvas.setPointerCapture(event.pointerId);
    viewer.over(scene, tile.plane);
    const button = event.button || (event.shiftKey ? 1 : 0);
    drag = { at, client: [event.clientX, event.clientY], tile, button, pan: [tile.x, tile.y], window: { ...viewer.view }, place: scene.voxelAt(tile, at) };
    if (button === 0 && !viewer.tool) viewer.point(scene, drag.place);
  });
  canvas.addEventListener("pointermove", (event) => {
    const at = scene.point(event);
    if (!drag) return viewer.read(scene, at);
    // On the screen, not in the canvas, which moves where the toolbar takes another line meanwhile.
    const [dx, dy] = [event.clientX, event.clientY].map((n, axis) => (n - drag.client[axis]) * devicePixelRatio);
    const { tile } = drag;
    if (drag.button === 2) {
      const { level, width } = drag.window;
      const per = devicePixelRatio / viewer.gain;
      return viewer.setWindow(level + (HU_DOWN * dy) / per, Math.max(1, width + (HU_ACROSS * dx) / per));
    }
    if (drag.button === 1) {
      [tile.x, tile.y] = [drag.pan[0] + dx, drag.pan[1] + dy];
      return viewer.redraw();
    }
    if (!viewer.tool) return viewer.point(scene, scene.voxelAt(tile, at));
    if (Math.hypot(dx, dy) < 2) return undefined;
    if (!drag.note) {
      drag.note = { tool: viewer.tool, plane: tile.plane, from: moved(scene.scan.affine, drag.place) };
      scene.notes.push(drag.note);
    }
    drag.note.to = moved(scene.scan.affine, scene.voxelAt(tile, at));
    return viewer.redraw();
  });
  for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, () => { drag = null; });
  canvas.addEventListener("pointerleave", () => viewer.readAtCrosshair());
  canvas.addEventListener("dblclick", (event) => {
    const tile = scene.tileUnder(scene.point(event));
    if (tile && !viewer.isFlat) viewer.oneAndBack(tile.plane);
  });
}
