import assert from "node:assert/strict";
import { test } from "node:test";
import { between, type List, withFirstPage, withNextPage, without } from "../src/gallery/merge.ts";

const list = (ids: string, next?: string): List<{ id: string }> => ({ items: [...ids].map((id) => ({ id })), next });
const ids = ({ items }: List<{ id: string }>) => items.map((each) => each.id).join("");

test("a new first page brings new items, and what is loaded after it stays", () => {
  const merged = withFirstPage(list("cdefgh", "h"), list("abcd", "d"));
  assert.deepEqual([ids(merged), merged.next], ["abcdefgh", "h"]);
});

test("an item that was deleted elsewhere goes", () => {
  assert.equal(ids(withFirstPage(list("abcdef", "f"), list("acd", "d"))), "acdef");
});

test("new items that fill more than a page, so that the pages don't meet replace the list", () => {
  const merged = withFirstPage(list("xyz", "z"), list("abc", "c"));
  assert.deepEqual([ids(merged), merged.next], ["abc", "c"]);
});

test("a complete first page is the whole list", () => {
  const merged = withFirstPage(list("abcdef", "f"), list("ab"));
  assert.deepEqual([ids(merged), merged.next], ["ab", undefined]);
});

test("an item that moved to the next page is shown once", () => {
  assert.equal(ids(withNextPage(list("abc", "c"), list("cde", "e"))), "abcde");
});

test("deleted items leave the list at once", () => assert.equal(ids(without(list("abcd"), new Set("bd"))), "ac"));

test("Shift selects what lies between, in either direction", () => {
  const { items } = list("abcdef");
  assert.deepEqual(between(items, "b", "d"), ["b", "c", "d"]);
  assert.deepEqual(between(items, "d", "b"), ["b", "c", "d"]);
  assert.deepEqual(between(items, "gone", "b"), ["b"]);
});
