// Finds degraded or unavailable cluster operators, with time, reason and version. It writes `findings.json` incrementally, and
// logs a line with the count. The file gatherer.manifest declares what it reads.
import { Findings, Items, Level, List, Request, Shape, Text, at, lasting, length, log } from "./wagather";

// The fields of an operator that are read.
@unmanaged class ClusterOperator {
  name: Text = 0;
  conditions: List = 0;
  versions: List = 0;
}

@unmanaged class Condition {
  reason: Text = 0;
  message: Text = 0;
  since: Text = 0;
  // The indices of the names in the shape.
  type: u8 = 0;
  status: u8 = 0;
}
const DEGRADED = 1;
const AVAILABLE = 2;
const TRUE = 1;
const FALSE = 2;

@unmanaged class Version {
  version: Text = 0;
  isOperator: u8 = 0;
}

const shape = new Shape(offsetof<ClusterOperator>())
  .object("metadata", offsetof<ClusterOperator>("name"))
    .text("name", offsetof<ClusterOperator>("name"))
  .end()
  .object("status", offsetof<ClusterOperator>("conditions"))
    .list("conditions", offsetof<ClusterOperator>("conditions"), offsetof<Condition>())
      .oneOf("type", offsetof<Condition>("type"), ["Degraded", "Available"])
      .oneOf("status", offsetof<Condition>("status"), ["True", "False"])
      .text("reason", offsetof<Condition>("reason"))
      .text("message", offsetof<Condition>("message"))
      .text("lastTransitionTime", offsetof<Condition>("since"))
    .end()
    .list("versions", offsetof<ClusterOperator>("versions"), offsetof<Version>())
      .oneOf("name", offsetof<Version>("isOperator"), ["operator"])
      .text("version", offsetof<Version>("version"))
    .end()
  .end()
.end();

// What is written: a finding in the form that all readers of archives know.
@unmanaged class Finding {
  severity: Text = 0;
  code: Text = 0;
  apiVersion: Text = 0;
  kind: Text = 0;
  name: Text = 0;
  message: Text = 0;
  since: Text = 0;
  reason: Text = 0;
  version: Text = 0;
}

const findingShape = new Shape(offsetof<Finding>())
  .text("severity", offsetof<Finding>("severity"))
  .text("code", offsetof<Finding>("code"))
  .object("object", offsetof<Finding>("apiVersion"))
    .text("apiVersion", offsetof<Finding>("apiVersion"))
    .text("kind", offsetof<Finding>("kind"))
    .text("name", offsetof<Finding>("name"))
  .end()
  .text("message", offsetof<Finding>("message"))
  .text("since", offsetof<Finding>("since"))
  .object("properties", offsetof<Finding>("reason"))
    .text("reason", offsetof<Finding>("reason"))
    .text("version", offsetof<Finding>("version"))
  .end()
.end();

const finding = new Finding();
finding.apiVersion = lasting("config.openshift.io/v1");
finding.kind = lasting("ClusterOperator");
const warning = lasting("warning");
const error = lasting("error");
const degraded = lasting("Degraded");
const unavailable = lasting("Unavailable");

export function gather(): i32 {
  const request = new Request();
  request.version = "v1";
  request.resource = "clusteroperators";
  request.group = "config.openshift.io";

  const operators = new Items<ClusterOperator>(request, shape);
  const findings = new Findings();
  let all = 0;
  let inTrouble = 0;
  while (operators.next()) {
    all++;
    if (examine(operators.item, findings)) inTrouble++;
  }
  const failed = operators.close();
  if (failed < 0) return failed;
  log(Level.INFO, `${inTrouble} of ${all} cluster operators are degraded or unavailable`);
  return findings.close();
}

// Writes the problems of an operator, and returns whether there are any.
function examine(operator: ClusterOperator, findings: Findings): bool {
  let isInTrouble = false;
  finding.name = operator.name;
  // The operator's own version among those of its operands.
  finding.version = 0;
  for (let index = 0; index < length(operator.versions); index++) {
    const version = at<Version>(operator.versions, index);
    if (version.isOperator) finding.version = version.version;
  }
  for (let index = 0; index < length(operator.conditions); index++) {
    const condition = at<Condition>(operator.conditions, index);
    if (condition.type == DEGRADED && condition.status == TRUE) {
      finding.severity = warning;
      finding.code = degraded;
    } else if (condition.type == AVAILABLE && condition.status == FALSE) {
      finding.severity = error;
      finding.code = unavailable;
    } else continue;
    isInTrouble = true;
    finding.since = condition.since;
    finding.reason = condition.reason;
    finding.message = condition.message;
    findings.push<Finding>(findingShape, finding);
  }
  return isInTrouble;
}
