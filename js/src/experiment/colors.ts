/** Which colour a run or a group has: the same one wherever it is drawn. Pure. */

/** As `run_widgets/reading/summary.py` has them. */
const PALETTE = [
  "#2b7bd6",
  "#d9791a",
  "#0f9d76",
  "#b6559f",
  "#3d9ccb",
  "#a8871c",
  "#e0503f",
  "#7f868d",
];

/** Dashes of lines whose colours are taken, as SVG writes them. */
export const DASHES = ["", "6 3", "2 3", "8 3 2 3"];

export type Look = { color: string; dash: string };

/** The look of what has this place among others; 32 that follow one another are all different. */
function lookAt(place: number): Look {
  const turn = Math.floor(place / PALETTE.length) % DASHES.length;
  return { color: PALETTE[place % PALETTE.length] as string, dash: DASHES[turn] as string };
}

/** Runs whose colours are remembered. */
const MOST = 500;

/** Gives each run a colour when it is first drawn, and the same one for ever. */
export class Colors {
  readonly #places: Map<string, number>;

  /** @param places of runs that have been drawn before, by id */
  constructor(places: [id: string, place: number][] = []) {
    this.#places = new Map(places);
  }

  /** Give those of `ids` that have none the first colours that no other of them has. */
  give(ids: Iterable<string>): boolean {
    const wanted = [...ids];
    const taken = new Set(wanted.map((id) => this.#places.get(id)));
    let place = 0;
    let isNew = false;
    for (const id of wanted) {
      if (this.#places.has(id)) continue;
      while (taken.has(place)) place += 1;
      this.#places.set(id, place);
      taken.add(place);
      isNew = true;
    }
    for (const id of this.#places.keys()) {
      if (this.#places.size <= MOST) break;
      this.#places.delete(id);
    }
    return isNew;
  }

  look(id: string): Look {
    return lookAt(this.#places.get(id) ?? 0);
  }

  get places(): [id: string, place: number][] {
    return [...this.#places];
  }
}

/** The looks of groups, by their names in order. */
export function looksOfGroups(names: string[]): Map<string, Look> {
  return new Map(names.map((name, place) => [name, lookAt(place)]));
}

/** From dark to light on either theme, for values from 0 to 1: viridis at its middle brightness. */
export function shade(share: number): string {
  const stops: [number, number, number][] = [
    [72, 80, 170],
    [43, 123, 214],
    [15, 157, 118],
    [190, 160, 30],
    [217, 90, 40],
  ];
  const place = Math.max(0, Math.min(1, share)) * (stops.length - 1);
  const from = Math.min(stops.length - 2, Math.floor(place));
  const [a, b] = [stops[from], stops[from + 1]] as [number[], number[]];
  const mixed = a.map((value, i) =>
    Math.round(value + ((b[i] as number) - value) * (place - from)),
  );
  return `rgb(${mixed.join(" ")})`;
}
