/** Tables as the kernel tells them, made from rows. */

import type { Key, Told, ToldColumn } from "../../src/experiment/model.ts";
import { keyText, MISSING, NUMBER, RunTable } from "../../src/experiment/table.ts";

export type Cells = Record<string, number | string | null | undefined>;

/** What the kernel says of runs: a cell's name is `number`, `tag:lr` or `metric:loss:min`. */
export function told(
  runs: Cells[],
  { first = 0, ...rest }: Partial<Told> & { first?: number } = {},
): { told: Told; buffers: DataView[] } {
  const buffers: DataView[] = [];
  const names = [...new Set(runs.flatMap((run) => Object.keys(run)))].filter((n) => n !== "id");
  const columns = names.map((name) => column(name, runs, first, buffers));
  return {
    told: {
      from: 0,
      version: 0,
      ids: runs.map((run, i) => String(run.id ?? `id${first + i}`)),
      ids_from: first,
      gone: [],
      columns,
      goals: {},
      left_out: 0,
      now: Date.now() / 1000,
      ...rest,
    },
    buffers,
  };
}

function column(name: string, runs: Cells[], first: number, buffers: DataView[]): ToldColumn {
  const places = runs.flatMap((run, i) => (run[name] === undefined ? [] : [i]));
  const values = places.map((i) => runs[i]?.[name] as number | string | null);
  const words = [...new Set(values.filter((value) => typeof value === "string"))];
  const put = (array: ArrayBufferView) => {
    // Somewhere inside a longer message, as they come.
    const bytes = new Uint8Array(3 + array.byteLength);
    bytes.set(new Uint8Array(array.buffer), 3);
    buffers.push(new DataView(bytes.buffer, 3));
    return buffers.length - 1;
  };
  const code = (value: number | string | null) =>
    value === null ? MISSING : typeof value === "string" ? words.indexOf(value) : NUMBER;
  return {
    key: keyOfName(name),
    count: places.length,
    rows: put(Uint32Array.from(places, (i) => first + i)),
    numbers: put(
      Float64Array.from(values, (value) => (typeof value === "number" ? value : Number.NaN)),
    ),
    codes: put(Int32Array.from(values, code)),
    words,
    words_from: 0,
  };
}

export function keyOfName(name: string): Key {
  const [group = "", rest = "", field = ""] = name.split(":");
  if (!name.includes(":")) return ["run", name, ""];
  return [group, rest, group === "metric" ? field || "last" : ""];
}

export function idOf(name: string): string {
  return keyText(keyOfName(name));
}

/** A table of runs, numbered from 1 where they have no numbers. */
export function tableOf(runs: Cells[], goals: Record<string, string> = {}): RunTable {
  const table = new RunTable();
  const numbered = runs.map((run, i) => ({ number: i + 1, status: "Completed", ...run }));
  const { told: whole, buffers } = told(numbered, { goals });
  table.take(whole, buffers);
  return table;
}
