// Reads deliveries from standard input ([{secret, body, headers}]) and prints, for each, the type or why it is refused.
import { readFileSync } from "node:fs";
import { Webhook } from "standardwebhooks";

const judge = ({ secret, body, headers }) => {
  try {
    return new Webhook(secret).verify(body, headers).type;
  } catch (error) {
    return error.name;
  }
};
process.stdout.write(JSON.stringify(JSON.parse(readFileSync(0, "utf8")).map(judge)));
