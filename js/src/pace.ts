/** How long something that is counted will still take, by how fast the count has grown lately. Pure. */

/** What is remembered of the past, in seconds. */
const WINDOW_S = 120;

/** Less than this tells nothing about the pace, in seconds. */
const LEAST_S = 2;

/** Times are in seconds, of any clock that only goes forward. */
export class Pace {
  readonly #seen: { done: number; at: number }[] = [];

  /** Note how far it was at a time. */
  add(done: number, at: number): void {
    const seen = this.#seen;
    if (done < (seen.at(-1)?.done ?? 0)) seen.length = 0; // another loop has begun
    if (done !== seen.at(-1)?.done) seen.push({ done, at });
    while (seen.length > 2 && (seen[1]?.at ?? at) < at - WINDOW_S) seen.shift();
  }

  /**
   * Seconds until `total` is reached; null while nothing is known.
   *
   * @param elapsed_s what it took so far, which counts as long as little has been seen
   */
  left(total: number, now: number, elapsed_s: number | null): number | null {
    const [first, last] = [this.#seen[0], this.#seen.at(-1)];
    if (!first || !last) return null;
    const waited = now - last.at;
    let [steps, took] = [last.done, elapsed_s ?? 0];
    if (last.at - first.at >= LEAST_S) {
      [steps, took] = [last.done - first.done, last.at - first.at];
      // The step that goes on may take longer than those before it did.
      took = Math.max(took, took + waited - took / steps);
    }
    if (!(steps > 0 && took > 0)) return null;
    return Math.max(0, ((total - last.done) * took) / steps - waited);
  }
}
