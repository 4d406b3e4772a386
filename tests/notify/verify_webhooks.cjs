// Prints for each request whether Standard Webhooks' own package accepts it, as a JSON array of
// "verified" or the reason.
// node verify_webhooks.cjs <path of standardwebhooks> <file with [{secret, headers, body}]>
const { readFileSync } = require("node:fs");

const [package_, file] = process.argv.slice(2);
const { Webhook } = require(package_);
const found = JSON.parse(readFileSync(file, "utf8")).map(({ secret, headers, body }) => {
  try {
    new Webhook(secret).verify(Buffer.from(body, "base64"), headers);
    return "verified";
  } catch (error) {
    return error.message;
  }
});
console.log(JSON.stringify(found));
