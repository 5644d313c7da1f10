// How large the picture is, and the drawers beside it: matters of the style sheet and the window alone.
import { AXIS_NAMES } from "./reading_geometry.js";

const DRAWERS = "clam-drawers";
const ABOVE = 96; // pixels of the window that the page keeps above and below the picture
const NARROW = 1340; // of the toolbar beside the map of the cohort: its tools go below a button, so that its title is seen
const TIGHT = 1120; // opacity, threshold and mask, too
const STACKED = 640; // it takes two lines

export class Room {
  constructor(viewer) {
    this.viewer = viewer;
    this.root = viewer.root;
  }

  // Beside the map of the cohort: which drawers are open.
  furnish() {
    const { room } = this.viewer.head;
    this.root.classList.toggle("in-room", Boolean(room));
    for (const one of this.root.querySelectorAll(".of-room")) one.hidden = !room;
    if (!room) return;
    Object.assign(this.root.querySelector(".title"), { textContent: room, title: room });
    this.drawers ??= { d: true, i: false, ...remembered() };
    for (const [key, isOpen] of Object.entries(this.drawers)) {
      document.documentElement.classList.toggle(`clam-${key}-${key === "d" ? "folded" : "open"}`, key === "d" ? !isOpen : isOpen);
      this.root.querySelector(`[data-key="${key}"]`).setAttribute("aria-pressed", isOpen);
    }
  }

  drawer(key) {
    if (!this.viewer.head.room) return;
    this.drawers[key] = !this.drawers[key];
    try {
      sessionStorage.setItem(DRAWERS, JSON.stringify(this.drawers));
    } catch { /* a browser that keeps nothing opens with the usual drawers */ }
    this.furnish();
    dispatchEvent(new Event("resize")); // the chart of the map takes its new room
  }

  // As high as the window allows; higher where planes are stacked.
  layOut() {
    const { root } = this;
    const { view, head } = this.viewer;
    if (!view) return;
    root.classList.toggle("narrow", root.clientWidth < NARROW && root.clientWidth >= STACKED);
    root.classList.toggle("tight", root.clientWidth < TIGHT && root.clientWidth >= STACKED);
    root.classList.toggle("stacked", root.clientWidth < STACKED);
    const isFull = document.fullscreenElement || root.getRootNode().fullscreenElement;
    const bar = root.querySelector(".bar").offsetHeight + root.querySelector(".trouble").offsetHeight;
    const width = root.clientWidth / Math.max(1, head.panes.length);
    const stage = root.querySelector(".stage");
    const host = root.getRootNode().host ?? root;
    const scrolled = host.closest?.('[data-testid="stMain"]')?.scrollTop ?? 0;
    const top = stage.getBoundingClientRect().top + scrolled;
    // Near the top of the page the picture ends where the window ends; further down it fills the window.
    const above = isFull ? bar + 4 : top < 0.3 * innerHeight ? top + 4 : bar + ABOVE;
    const room = Math.max(360, innerHeight - above);
    const isStack = !this.viewer.isFlat && !AXIS_NAMES.includes(view.plane) && width < 800 && width < 1.15 * room && !isFull;
    const height = isStack && head.panes.length === 1 ? Math.max(room, Math.round(1.8 * width)) : room;
    stage.style.setProperty("--stage-height", `${height}px`);
  }
}

function remembered() {
  try {
    return JSON.parse(sessionStorage.getItem(DRAWERS) ?? "{}");
  } catch {
    return {};
  }
}
