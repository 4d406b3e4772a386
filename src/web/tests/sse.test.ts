import assert from "node:assert/strict";
import { test } from "node:test";
import { eventReader } from "../src/ui/sse.ts";

const STREAM = 'id: 1-2\r\nevent: job\r\ndata: {"id":"a"}\r\n\r\n: ping\n\nevent: media\ndata: one\ndata: two\n\n';
const EVENTS = [
  { type: "job", data: '{"id":"a"}', id: "1-2" },
  { type: "media", data: "one\ntwo", id: "1-2" },
];

test("events are read, whatever pieces the stream comes in", () => {
  for (const size of [1, 2, 3, 7, STREAM.length]) {
    const read = eventReader();
    const pieces = Array.from({ length: Math.ceil(STREAM.length / size) }, (_, i) => STREAM.slice(i * size, (i + 1) * size));
    assert.deepEqual(pieces.flatMap(read), EVENTS, `pieces of ${size}`);
  }
});

test("an event without its empty line isn't given out", () => assert.deepEqual(eventReader()("event: job\ndata: {}\n"), []));
