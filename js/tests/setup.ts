import { afterEach } from "vitest";

import { endLives } from "./fake_model.ts";

afterEach(endLives);
afterEach(() => window.localStorage.clear());

// jsdom has no canvas and would say so at each use; without one, text is measured by its length.
HTMLCanvasElement.prototype.getContext = () => null;
