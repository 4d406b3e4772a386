// Receives signed webhooks of stability-mcp: `node webhook_receiver.mjs PORT`.
//
// Needs `npm install standardwebhooks`. The variable WEBHOOK_SECRET has the value of
// STABILITY_ON_DONE_SECRET; while you change it, the new and the old one, separated by a space.
// This example remembers messages in memory, and forgets them with each restart; keep them in a
// database. webhook_receiver.py shows how.
import { createServer } from "node:http";
import { Webhook } from "standardwebhooks";

const signers = process.env.WEBHOOK_SECRET.split(" ").map((secret) => new Webhook(secret));
const MAX_BYTES = 1_000_000;
const KEPT_SECONDS = 2 * 86_400; // a retry may arrive a day later
const seen = new Map(); // timestamp of the last delivery by webhook-id, oldest first

function handle(message) {
  if (message.event === "job_ended") {
    console.log(message.job, message.operation, message.state);
  } else {
    console.log(message.event); // "test", or an event of a later version
  }
}

/** Return the message if the signature of the exact bytes is right and less than 5 minutes old. */
function verified(body, headers) {
  for (const signer of signers) {
    try {
      return signer.verify(body, headers);
    } catch {
      // try the other secret
    }
  }
  return undefined;
}

async function receive(request, response) {
  const answer = (status) => response.writeHead(status).end();
  const parts = [];
  let length = 0;
  for await (const part of request) {
    length += part.length;
    if (length > MAX_BYTES) return answer(413);
    parts.push(part);
  }
  const message = verified(Buffer.concat(parts), request.headers);
  if (message === undefined) return answer(401);
  const id = request.headers["webhook-id"];
  const timestamp = parseInt(request.headers["webhook-timestamp"], 10);
  const earlier = seen.get(id);
  if (earlier !== undefined && timestamp <= earlier) return answer(409); // replayed
  seen.delete(id);
  seen.set(id, timestamp);
  for (const [old, at] of seen) {
    if (at > timestamp - KEPT_SECONDS) break;
    seen.delete(old);
  }
  answer(204);
  if (earlier === undefined) setImmediate(handle, message); // otherwise it is a retry
}

const server = createServer((request, response) => {
  receive(request, response).catch(() => response.destroy()); // the sender hung up
});
server.requestTimeout = 10_000;
server.listen(Number(process.argv[2]), "127.0.0.1", () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});
