/** Which charts somebody asks for, and which belong together, by the names of metrics. Pure. */

/** `train/loss` as `["train", "loss"]`; without a slash the first part is empty. */
export function split(name: string): [prefix: string, tail: string] {
  const slash = name.lastIndexOf("/");
  return slash < 0 ? ["", name] : [name.slice(0, slash), name.slice(slash + 1)];
}

/** What a name is tested with; `wrong` where a person's text is no regular expression. */
export type Filter = { matches(name: string): boolean; wrong: boolean };

/**
 * A filter as people type it: parts of a name, `val/*` for a whole one, or `/regex/`.
 *
 * Commas stand between alternatives. Capitals make no difference.
 */
export function filter(text: string): Filter {
  const wanted = text.trim();
  const [, source] = /^\/(.+)\/i?$/.exec(wanted) ?? [];
  if (source !== undefined) {
    try {
      const pattern = new RegExp(source, "i");
      return { matches: (name) => pattern.test(name), wrong: false };
    } catch {
      return { matches: () => true, wrong: true };
    }
  }
  const parts = wanted
    .split(",")
    .map((part) => part.trim().toLowerCase())
    .filter(Boolean);
  const tests = parts.map((part) =>
    /[*?]/.test(part) ? glob(part) : (name: string) => name.includes(part),
  );
  return {
    matches: (name) => tests.length === 0 || tests.some((test) => test(name.toLowerCase())),
    wrong: false,
  };
}

/** Whether a name is all of `pattern`, in which `*` stands for any text and `?` for one sign. */
export function glob(pattern: string): (name: string) => boolean {
  // Walked along, not made a regular expression, which some patterns would keep busy for ever.
  return (name) => {
    let [p, n, star, retry] = [0, 0, -1, 0];
    while (n < name.length) {
      if (p < pattern.length && pattern[p] === "*") {
        star = p++;
        retry = n;
      } else if (p < pattern.length && (pattern[p] === "?" || pattern[p] === name[n])) {
        p++;
        n++;
      } else if (star >= 0) {
        p = star + 1;
        n = ++retry;
      } else return false;
    }
    while (pattern[p] === "*") p++;
    return p === pattern.length;
  };
}

/** The places of the names that one of `patterns` is, in the order of the patterns. */
export function chosen(names: string[], patterns: string[]): number[] {
  const places = new Set<number>();
  for (const pattern of patterns) {
    const matches = /[*?]/.test(pattern) ? glob(pattern) : (name: string) => name === pattern;
    names.forEach((name, i) => {
      if (matches(name)) places.add(i);
    });
  }
  return [...places];
}
