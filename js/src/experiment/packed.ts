/** Answers in numbers of their own form: a length, JSON of that length, and buffers. */

type Head = { buffers: number[] };

/** One answer, and the buffers that its JSON names by their places. */
export type Packed<T> = { head: T & Head; buffers: DataView[] };

/** The first answer in `bytes` and what follows it; null where it is not all there yet. */
export function unpacked<T>(bytes: Uint8Array): { first: Packed<T>; rest: Uint8Array } | null {
  if (bytes.length < 4) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const size = view.getUint32(0, true);
  if (bytes.length < 4 + size) return null;
  const head = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + size))) as T & Head;
  let place = 4 + size;
  const whole = head.buffers.reduce((sum, length) => sum + length, place);
  if (bytes.length < whole) return null;
  const buffers = head.buffers.map((length) => {
    place += length;
    return new DataView(bytes.buffer, bytes.byteOffset + place - length, length);
  });
  return { first: { head, buffers }, rest: bytes.subarray(whole) };
}

/** Each answer of a response, as soon as it is there. */
export async function* answers<T>(response: Response): AsyncGenerator<Packed<T>> {
  const reader = response.body?.getReader();
  let bytes = new Uint8Array();
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
    if (done) return;
    const longer = new Uint8Array(bytes.length + value.length);
    longer.set(bytes);
    longer.set(value, bytes.length);
    bytes = longer;
    for (let found = unpacked<T>(bytes); found; found = unpacked<T>(bytes)) {
      yield found.first;
      bytes = new Uint8Array(found.rest);
    }
  }
}
