// `node operators.mjs pipe|decode URL OUTPUT`: the list as it is into a file, or the operators that are in trouble.
import { writeFileSync } from "node:fs";
import { get } from "node:http";

const [task, url, output] = process.argv.slice(2);

function findings(operator) {
  const version = operator.status?.versions?.find((version) => version.name === "operator")?.version ?? "";
  return (operator.status?.conditions ?? []).flatMap(({ type, status, reason, message, lastTransitionTime }) => {
    const problem =
      type === "Degraded" && status === "True" ? "degraded" : type === "Available" && status === "False" ? "unavailable" : "";
    return problem ? [{ operator: operator.metadata.name, version, problem, since: lastTransitionTime, reason, message }] : [];
  });
}

get(url, { agent: false, headers: { Accept: "application/json" } }, async (response) => {
  if (response.statusCode !== 200) throw new Error(`the server answers ${response.statusCode}`);
  const chunks = [];
  for await (const chunk of response) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  writeFileSync(output, task === "pipe" ? body : JSON.stringify(JSON.parse(body).items.flatMap(findings)));
});
