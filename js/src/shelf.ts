/** Where the browser keeps how a person looks at things; nothing where a page may keep nothing. */

/** What of `Storage` it takes. */
export type Shelf = Pick<Storage, "getItem" | "setItem">;

/** The browser's own shelf; null where a page may have none. */
export function browserShelf(): Shelf | null {
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}

/** What was kept under a name, by an older version of ours or anybody; null where nothing was. */
export function kept(shelf: Shelf | null, name: string): unknown {
  try {
    return JSON.parse(shelf?.getItem(name) ?? "null");
  } catch {
    return null;
  }
}

export function keep(shelf: Shelf | null, name: string, value: unknown): void {
  try {
    shelf?.setItem(name, JSON.stringify(value));
  } catch {
    // Full, or forbidden: it is forgotten with the page.
  }
}

/** The texts of a list; none where it is no list. */
export function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === "string") : [];
}
