//! Four descriptions of a gatherer agree: the plan of its declaration, the manifest in its compiled module, the
//! account printed from either, and the types and the page in its sources.
//!
//! This tests every example with a declaration. Elsewhere: whether the plan is right (the tests of
//! `wagather-codegen`).

use tests::host::Host;
use tests::{programs, workspace};
use wagather_codegen::{Declaration, Error, Package, Plan, Schemas, build, emit};
use wagather_module::manifest_bytes;
use wagather_policy::manifest::Manifest;

/// An example with a declaration.
struct Example {
    name: String,
    declaration: Declaration,
    package: Package,
    plan: Plan,
    module: Vec<u8>,
}

impl Example {
    fn read(name: String) -> Result<Example, Error> {
        let file = workspace::root().join(format!("examples/{name}/gather.yaml"));
        let declaration = Declaration::read(&file)?;
        let package = Package::of(&declaration)?;
        let plan = Plan::new(&declaration, &Schemas::read(&declaration.schemas)?)?;
        let module = std::fs::read(programs::guest(&name)).expect("a module");
        Ok(Example { name, declaration, package, plan, module })
    }
}

/// All of them; there is at least one, or nothing is tested here.
fn examples() -> Vec<Example> {
    let has_declaration =
        |name: &String| workspace::root().join(format!("examples/{name}/gather.yaml")).is_file();
    let examples: Vec<Example> = programs::examples()
        .into_iter()
        .filter(has_declaration)
        .map(|name| Example::read(name).unwrap_or_else(|error| panic!("{error}")))
        .collect();
    assert!(!examples.is_empty(), "no example has a gather.yaml");
    examples
}

fn sorted(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    lines
}

#[test]
fn the_module_has_the_manifest_of_its_declaration() {
    for Example { name, package, plan, module, .. } in examples() {
        let declared = emit::manifest(&plan, &package);
        let built = manifest_bytes(&module).unwrap_or_else(|why| panic!("{name}: {why}"));
        let built = std::str::from_utf8(built).expect("text");
        // The linker may join the records in any order.
        assert_eq!(sorted(built), sorted(&declared), "{name}");
    }
}

#[test]
fn the_mask_of_the_plan_is_the_one_that_the_host_applies() {
    for Example { name, plan, module, .. } in examples() {
        let manifest = Manifest::of_module(&module).unwrap_or_else(|why| panic!("{name}: {why}"));
        for planned in &plan.resources {
            let resource = &planned.resource;
            let is_it = |built: &&wagather_policy::manifest::Resource| {
                (&*built.group, &*built.version, &*built.plural, &*built.subresource)
                    == (&*resource.group, &*resource.version, &*resource.plural, "")
            };
            let masks: Vec<&str> = manifest
                .resources
                .iter()
                .filter(is_it)
                .map(|built| built.mask_text.as_deref().unwrap_or("*"))
                .collect();
            assert!(masks.contains(&&*planned.mask), "{name}: {} is not among {masks:?}", planned.mask);
        }
        let declared = plan.resources.len() + plan.resources.iter().filter(|planned| planned.log).count();
        assert_eq!(manifest.resources.len(), declared, "{name}: the module declares something else as well");
    }
}

#[test]
fn the_account_is_the_same_of_the_declaration_and_of_the_module() {
    for Example { name, package, plan, .. } in examples() {
        let of_module = Host::new(["rbac"])
            .arg(programs::guest(&name))
            .args(["--name", "support", "--namespace", "tools"])
            .wait()
            .expect_success()
            .stdout_text();
        let of_plan = emit::rbac(&plan, &package, "support", "tools").unwrap_or_else(|why| panic!("{why}"));
        assert_eq!(of_plan, of_module, "{name}");
    }
}

#[test]
fn the_sources_have_what_is_made_of_the_declaration() {
    for Example { name, declaration, package, plan, .. } in examples() {
        let made = emit::rust(&plan);
        let again = format!("run 'codegen generate examples/{name}'");
        let written = std::fs::read_to_string(&declaration.output).expect("the module's sources");
        assert!(written == made, "{} is not what would be made: {again}", declaration.output.display());
        if let Some(file) = &declaration.docs {
            let written = std::fs::read_to_string(file).expect("the page");
            assert!(written == emit::docs(&plan, &package), "{} is old: {again}", file.display());
        }
        // For a build script it is the same module with another head.
        let body = |text: &str| -> Vec<String> {
            text.lines().skip_while(|line| line.starts_with("//")).map(str::to_owned).collect()
        };
        assert_eq!(body(&build::included(&plan)), body(&made), "{name}");
    }
}
