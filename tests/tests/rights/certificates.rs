//! The workflow for a custom resource, from its definition to an archive: under one grant, `inspect`, a dry run,
//! `rbac`, `--check-access` and the run agree, and an account with the printed roles can run the gatherer.
//!
//! The resource is cert-manager's Certificate, reduced to what the gatherer reads.

use super::grant;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;
use tests::archive::Archive;
use tests::failing::written;
use tests::host::{Done, Host, incomplete};
use tests::server::{Answer, List, Running, Server};
use tests::{place, programs, workspace};

const DEFINITION: &str = r#"apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: certificates.cert-manager.io }
spec:
  group: cert-manager.io
  scope: Namespaced
  names: { plural: certificates, kind: Certificate, listKind: CertificateList }
  versions:
    - name: v1
      served: true
      storage: true
      subresources: { status: {} }
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
              type: object
              required: [secretName, issuerRef]
              properties:
                secretName: { type: string }
                issuerRef:
                  type: object
                  required: [name]
                  properties: { group: { type: string }, kind: { type: string }, name: { type: string } }
            status:
              type: object
              properties:
                conditions:
                  type: array
                  items:
                    type: object
                    required: [type, status]
                    properties: { type: { type: string }, status: { type: string }, reason: { type: string } }
"#;

/// What is changed of the new crate: the issuer's name is read and written too.
const CHANGES: &[(&str, &str, &str)] = &[
    ("gather.yaml", "{namespace, name}, ", "{namespace, name}, spec.issuerRef.name, "),
    ("src/lib.rs", "    name: &'a str,\n", "    name: &'a str,\n    issuer: &'a str,\n"),
    ("src/lib.rs", "{ metadata, status }", "{ metadata, spec, status }"),
    (
        "src/lib.rs",
        "            name: metadata.name,\n",
        "            name: metadata.name,\n            issuer: spec.issuer_ref.name,\n",
    ),
];

/// The module of the gatherer that `codegen new` makes, with those changes.
fn built(folder: &Path) -> PathBuf {
    let path = |name: &str| folder.join(name).display().to_string();
    let definition = written(folder, "crd.yaml", DEFINITION).display().to_string();
    codegen(&["new", &path("certificates"), "--crd", &definition]);
    for (file, from, to) in CHANGES {
        let file = folder.join("certificates").join(file);
        let text = std::fs::read_to_string(&file).expect("a file of the crate");
        assert_eq!(text.matches(from).count(), 1, "{from} in {text}");
        std::fs::write(&file, text.replace(from, to)).expect("a file of the crate");
    }
    codegen(&["generate", &path("certificates")]);
    codegen(&["build", &path("certificates"), "--output", &path("modules")]);
    folder.join("modules/certificates.wasm")
}

/// In the checkout, whose tools it takes, and beside whose guests it builds.
fn codegen(words: &[&str]) {
    let mut codegen = Command::new(programs::codegen());
    codegen
        .args(words)
        .current_dir(workspace::root())
        .env("CARGO_TARGET_DIR", workspace::root().join("target"));
    let done = codegen.output().expect("codegen");
    assert!(done.status.success(), "codegen {words:?}: {}", String::from_utf8_lossy(&done.stderr));
}

fn list_in(namespace: &str) -> String {
    format!("/apis/cert-manager.io/v1/namespaces/{namespace}/certificates")
}

/// A cluster in whose namespaces `pay` and `shop` the account may list, as the printed Roles say, and nowhere else.
fn server() -> Running {
    let certificates = |namespace: &str| {
        let certificate = json!({
            "metadata": {"namespace": namespace, "name": "web"},
            "spec": {"secretName": "web-tls", "issuerRef": {"name": "letsencrypt", "kind": "ClusterIssuer"}},
            "status": {"conditions": [{"type": "Ready", "status": "False", "reason": "Pending"}]},
        });
        List::new("cert-manager.io/v1", "CertificateList", vec![certificate])
    };
    let forbidden = Answer::status(403, "Forbidden", "certificates.cert-manager.io is forbidden");
    Server::new()
        .on("/apis/cert-manager.io/v1/certificates", forbidden.clone())
        .on(&list_in("third"), forbidden)
        .list(&list_in("pay"), certificates("pay"))
        .list(&list_in("shop"), certificates("shop"))
        .may(|asked| {
            asked["verb"] == "list"
                && asked["group"] == "cert-manager.io"
                && asked["resource"] == "certificates"
                && ["pay", "shop"].iter().any(|namespace| asked["namespace"] == *namespace)
        })
        .start()
}

/// A grant of the resource in such namespaces.
fn granting(folder: &Path, namespaces: &str) -> String {
    let rules = format!(
        "rules:\n  - verbs: [list]\n    apiGroups: [cert-manager.io]\n    resources: [certificates]\n    namespaces: [{namespaces}]\n"
    );
    grant(folder, &rules).display().to_string()
}

#[test]
fn what_is_said_before_the_run_is_what_the_run_does() {
    let place = place();
    let folder = place.path();
    let module = built(folder);
    let granted = ["--grant", &granting(folder, "shop, pay")];
    let told = |command: &[&str]| {
        let host = Host::new(command).arg(&module).args(granted);
        host.wait().expect_success().stdout_text()
    };
    let one_by_one = "  may  list cert-manager.io/v1/certificates: in namespaces shop, pay; listed in each of these namespaces";
    let inspected = told(&["inspect"]);
    assert!(inspected.contains(one_by_one), "{inspected}");
    let dry = told(&["run", "--dry-run"]);
    assert!(dry.contains(one_by_one), "{dry}");
    // A Role in each namespace, and nothing in all of them.
    let roles = told(&["rbac"]);
    assert!(!roles.contains("ClusterRole"), "{roles}");
    for namespace in ["pay", "shop"] {
        assert!(roles.contains(&format!("namespace: {namespace}\n")), "{roles}");
    }

    let server = server();
    let run = |words: &[&str]| -> (Done, Option<Archive>) {
        let output = folder.join("out");
        let _ = std::fs::remove_dir_all(&output);
        let _ = std::fs::remove_dir_all(incomplete(&output));
        let done = Host::run(&module).server(&server.url()).args(words).output(&output).wait();
        let archive = [output.clone(), incomplete(&output)].into_iter().find(|path| path.exists());
        (done, archive.map(Archive::read))
    };
    let found = |namespace: &str| json!({"namespace": namespace, "name": "web", "issuer": "letsencrypt", "ready": "False"});
    for more in [&[][..], &["--check-access"]] {
        let (done, archive) = run(&[&granted, more].concat());
        done.expect_success();
        let archive = archive.expect("an archive");
        assert_eq!(archive.json("certificates/not-ready.json"), json!([found("pay"), found("shop")]));
        assert_eq!(archive.report()["complete"], true);
    }
    let mut asked: Vec<(String, String)> =
        server.seen().into_iter().map(|seen| (seen.method, seen.path)).collect();
    asked.dedup();
    let lists = ["pay", "shop"].map(|namespace| ("GET".to_owned(), list_in(namespace)));
    let review = ("POST".to_owned(), "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews".to_owned());
    assert_eq!(asked, [&lists[..], &[review], &lists].concat());

    // Without the grant it takes more than the account has, and the check says so before the run does.
    let (done, archive) = run(&["--check-access"]);
    done.expect_code(9);
    let advice =
        "-n limits the request to one namespace, and a grant that names namespaces limits it to those";
    assert!(done.stderr.contains(advice), "{}", done.stderr);
    let said = "certificates: list cert-manager.io/v1/certificates at the cluster scope";
    assert!(done.stderr.contains(said) && archive.is_none(), "{}", done.stderr);
    assert!(!done.stderr.contains("gaps"), "{}", done.stderr);
    let (done, _) = run(&[]);
    done.expect_code(9);
    assert!(done.stderr.contains(advice), "{}", done.stderr);

    // One namespace too many: the run has a gap where the check refuses, and the check says that.
    let wider = ["--grant", &granting(folder, "shop, pay, third")];
    let (done, archive) = run(&[&wider[..], &["--check-access"]].concat());
    done.expect_code(9);
    assert!(archive.is_none(), "nothing is gathered");
    for said in [
        "list cert-manager.io/v1/certificates in the namespace third",
        "Without --check-access, the run reads the other namespaces, reports these as gaps, and exits with code 8",
    ] {
        assert!(done.stderr.contains(said), "{said}: {}", done.stderr);
    }
    assert!(!done.stderr.contains("namespace shop"), "{}", done.stderr);
    let (done, archive) = run(&wider);
    done.expect_code(8);
    let archive = archive.expect("an archive");
    assert_eq!(archive.json("certificates/not-ready.json"), json!([found("pay"), found("shop")]));
    let gaps = archive.report()["gaps"].clone();
    assert_eq!((gaps.as_array().map(Vec::len), &gaps[0]["namespace"]), (Some(1), &Value::from("third")));
}
