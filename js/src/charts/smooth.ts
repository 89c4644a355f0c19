/** The smoothing of the charts, as `run_widgets.smooth` does it in Python. Pure. */

/**
 * The debiased exponential moving average of `values`.
 *
 * What is not finite stays where it is, and the values after it are as if it had not been there.
 *
 * @param factor at least 0, which changes nothing, and below 1
 */
export function smooth(values: Float64Array, factor: number): Float64Array {
  const line = Float64Array.from(values);
  if (!(factor > 0)) return line;
  let [mean, weight] = [0, 0];
  for (let i = 0; i < line.length; i++) {
    const value = line[i] as number;
    if (!Number.isFinite(value)) continue;
    weight = factor * weight + (1 - factor);
    const share = (1 - factor) / weight;
    mean = mean * (1 - share) + value * share;
    line[i] = mean;
  }
  return line;
}
