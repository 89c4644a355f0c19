import { afterEach, expect, test, vi } from "vitest";

import { ServerError, serverOf } from "../src/server.ts";
import { FACTS } from "./fake_model.ts";
import { fakeServer, noServer } from "./fake_server.ts";

afterEach(noServer);

const facts = (more: Partial<typeof FACTS> = {}) => ({ ...FACTS, ...more });

test("a run is asked for where the server's addresses begin, in its workspace", () => {
  fakeServer();
  const server = serverOf(
    facts({ portal_path: "run-widgets/runs/5a0f2c1e?workspace=/home/jo/a%20b" }),
  );

  expect(server?.page()).toBe("/user/jo/run-widgets/runs/5a0f2c1e?workspace=%2Fhome%2Fjo%2Fa+b");
  expect(server?.other("r-2")?.page()).toContain("/runs/r-2?workspace=%2Fhome");
  expect(server?.file("a b/ä#?.txt")?.address(true)).toBe(
    "/user/jo/run-widgets/files/5a0f2c1e/a%20b/%C3%A4%23%3F.txt?download=1&workspace=%2Fhome%2Fjo%2Fa+b",
  );
});

test.each(["../../api/contents", "a/../..", "..", ".", "a//b", ""])(
  "no name of a file leads elsewhere: %s",
  (name) => {
    fakeServer();

    expect(serverOf(facts())?.file(name)).toBeNull();
  },
);

test.each(["../kernels", "a/b", "a?b", "", "..", "a b"])("no id leads elsewhere: %s", (id) => {
  fakeServer();

  expect(serverOf(facts({ run_id: id }))).toBeNull();
  expect(serverOf(facts())?.other(id)).toBeNull();
});

test("a page without a server, and a run without a page, have none", () => {
  expect(serverOf(facts())).toBeNull();
  fakeServer();
  expect(serverOf(facts({ portal_path: "" }))).toBeNull();
});

test("a part of a file comes with its place and the file's size", async () => {
  fakeServer({ "a.txt": "0123456789" });
  const file = serverOf(facts())?.file("a.txt");
  const text = (part?: { bytes: Uint8Array }) => new TextDecoder().decode(part?.bytes);

  expect(text(await file?.read(2, 4))).toBe("23");
  expect(await file?.read(-3)).toMatchObject({ start: 7, size: 10 });
  expect(await file?.read(7)).toMatchObject({ start: 7, size: 10 });
  expect(await file?.read(12)).toMatchObject({ bytes: new Uint8Array(), size: 10 });
});

test("the page's token is sent along, as JupyterLab does", async () => {
  fakeServer();
  const sent = vi.fn(async (_address: string, _options?: RequestInit) => new Response("x"));
  vi.stubGlobal("fetch", sent);
  (document.getElementById("jupyter-config-data") as Element).textContent = JSON.stringify({
    baseUrl: "/user/jo/",
    token: "secret",
  });

  await serverOf(facts())?.file("a")?.read(0);

  const [address, options] = sent.mock.calls[0] ?? [];
  expect(options?.headers).toMatchObject({ Authorization: "token secret" });
  expect(address).not.toContain("secret");
});

test("the cookie's proof is sent with every question: JupyterHub wants it of those that read, too", async () => {
  fakeServer();
  const sent = vi.fn(async (_address: string, _options?: RequestInit) => new Response("x"));
  vi.stubGlobal("fetch", sent);
  const cookie = vi.spyOn(document, "cookie", "get").mockReturnValue("a=b; _xsrf=proof");

  await serverOf(facts())?.file("a")?.read(0);

  cookie.mockRestore();
  expect(sent.mock.calls[0]?.[1]?.headers).toMatchObject({ "X-XSRFToken": "proof" });
});

test("what goes wrong is said in words", async () => {
  const server = fakeServer();
  const read = () => serverOf(facts())?.file("a.txt")?.read(0);
  await expect(read()).rejects.toThrow("run '5a0f2c1e' has no file 'a.txt'");

  server.isDown = true;
  await expect(read()).rejects.toThrow("cannot be reached");
  for (const [status, words] of [
    [403, "sign in again"],
    [404, "does not have it"],
    [502, "502"],
  ] as const) {
    vi.stubGlobal("fetch", async () => new Response("<html>", { status }));
    await expect(read()).rejects.toThrow(words);
    await expect(read()).rejects.toBeInstanceOf(ServerError);
  }
});

test("a whole that comes in place of a part is not read when it is large", async () => {
  fakeServer();
  const headers = { "Content-Length": String(1e9) };
  vi.stubGlobal("fetch", async () => new Response("x", { headers }));

  await expect(serverOf(facts())?.file("a")?.read(0, 10)).rejects.toThrow("too large");
});
