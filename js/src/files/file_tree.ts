/** A run's files as the folders and files that one sees. Pure. */

import type { FileEntry } from "../model.ts";

/** A line of the tree: a folder with all that is in it, or a file. */
export type Node = {
  path: string;
  name: string;
  /** Folders above it. */
  depth: number;
  bytes: number;
  /** Files in a folder, at any depth; null for a file. */
  files: number | null;
  modified_at: number;
};

type Folder = { folders: Map<string, Folder>; files: FileEntry[]; node: Node };

const collator = new Intl.Collator(undefined, { numeric: true });

/** The lines to show, folders before files, with what is in a folder only where `isOpen` says so. */
export function visible(files: readonly FileEntry[], isOpen: (path: string) => boolean): Node[] {
  const lines: Node[] = [];
  walk(treeOf(files), isOpen, lines);
  return lines;
}

function treeOf(files: readonly FileEntry[]): Folder {
  const top = folder("", "", -1);
  for (const file of files) {
    const parts = file.path.split("/");
    let here = top;
    add(here.node, file);
    for (let depth = 0; depth < parts.length - 1; depth++) {
      const name = parts[depth] as string;
      let next = here.folders.get(name);
      if (!next) {
        next = folder(parts.slice(0, depth + 1).join("/"), name, depth);
        here.folders.set(name, next);
      }
      add(next.node, file);
      here = next;
    }
    here.files.push(file);
  }
  return top;
}

function folder(path: string, name: string, depth: number): Folder {
  const node = { path, name, depth, bytes: 0, files: 0, modified_at: 0 };
  return { folders: new Map(), files: [], node };
}

function add(node: Node, file: FileEntry): void {
  node.bytes += file.bytes;
  node.files = (node.files ?? 0) + 1;
  node.modified_at = Math.max(node.modified_at, file.modified_at);
}

function walk(here: Folder, isOpen: (path: string) => boolean, lines: Node[]): void {
  const folders = [...here.folders.values()];
  for (const inner of folders.sort((a, b) => collator.compare(a.node.name, b.node.name))) {
    lines.push(inner.node);
    if (isOpen(inner.node.path)) walk(inner, isOpen, lines);
  }
  const depth = here.node.depth + 1;
  for (const { path, bytes, modified_at } of [...here.files].sort((a, b) =>
    collator.compare(a.path, b.path),
  )) {
    const name = path.slice(path.lastIndexOf("/") + 1);
    lines.push({ path, name, depth, bytes, files: null, modified_at });
  }
}
