// Reads an AsyncAPI document from standard input and prints the parser's diagnostics as JSON.
import { readFileSync } from "node:fs";
import { Parser } from "@asyncapi/parser";

const { diagnostics } = await new Parser().parse(readFileSync(0, "utf8"));
const found = diagnostics.map(({ severity, code, path, message }) => ({ severity, code, path, message }));
process.stdout.write(JSON.stringify(found));
