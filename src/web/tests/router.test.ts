import assert from "node:assert/strict";
import { test } from "node:test";
import { address, parse } from "../src/ui/router.ts";

test("an address is read back, with any id", () => {
  for (const id of ["abc", "a/b?c#d", "ä 猫 <img>", ""]) {
    const { page, id: found, query } = parse(address("compare", id, { a: "1&2" }));
    assert.deepEqual([page, found, query.get("a")], ["compare", id, "1&2"]);
  }
});

test("a lone surrogate doesn't break an address", () => assert.equal(parse(address("media", "x\ud800y")).id, "x\ufffdy"));

test("a one-time code and broken escapes never become a page", () => {
  assert.equal(parse("#code=abc").page, "media");
  assert.deepEqual([parse("#/media/%E0%A4%A").page, parse("#/media/%E0%A4%A").id], ["media", "%E0%A4%A"]);
});
