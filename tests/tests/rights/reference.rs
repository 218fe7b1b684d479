//! `docs/grant.md`: its examples are valid grants, and it documents each key of the schema.

use host_min::Grant;
use tests::workspace;

fn examples() -> Vec<String> {
    let text = workspace::read("docs/grant.md");
    let blocks = text.split("```yaml\n").skip(1);
    blocks.map(|block| block.split("```").next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn its_examples_can_be_used() {
    let examples = examples();
    assert!(examples.len() >= 3, "{examples:#?}");
    for example in examples {
        Grant::parse(&example).unwrap_or_else(|mistakes| panic!("{mistakes:?} in\n{example}"));
    }
}

/// The first example has every key, so that it is the whole reference.
#[test]
fn its_first_example_is_complete() {
    let grant = Grant::parse(&examples()[0]).expect("a grant");
    let rule = &grant.rules[0];
    assert!(!grant.modules.is_empty() && !grant.modules[0].name.is_empty() && !grant.signers.is_empty());
    assert!(
        !grant.non_resource_urls.is_empty()
            && rule.namespaces.is_some()
            && rule.resource_names.is_some()
            && !rule.without.is_empty()
    );
    let budgets = grant.budgets;
    assert!(budgets.time.is_some() && budgets.request_time.is_some() && budgets.memory_bytes.is_some());
    assert!(budgets.requests.is_some() && budgets.received_bytes.is_some() && budgets.items.is_some());
    assert!(budgets.archive_bytes.is_some() && budgets.entries.is_some() && budgets.log_lines.is_some());
    assert!(
        !grant.redact.env.is_empty() && !grant.redact.tokens.is_empty() && !grant.redact.except.is_empty()
    );
}

/// The example that stands for "no file" is what holds without one.
#[test]
fn it_says_what_holds_without_a_file() {
    let text = workspace::read("docs/grant.md");
    let after = text.split("## Without a grant").nth(1).expect("the section");
    let example =
        after.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("an example");
    assert_eq!(Grant::parse(example).as_ref(), Ok(&Grant::default()));
}

/// What must be named is all in one table.
#[test]
fn it_lists_what_a_grant_must_name() {
    let text = workspace::read("docs/grant.md");
    let table = text.split("<!-- escalating -->").nth(1).expect("the table");
    let rows: Vec<String> = table
        .lines()
        .filter_map(|line| line.strip_prefix("| `"))
        .map(|row| row.split(" | ").take(2).collect::<Vec<_>>().join(" "))
        .collect();
    let known = wagather_policy::grant::ESCALATING.iter().map(|known| match known.subresource {
        "" => format!("{}` {}", known.plural, known.gives),
        subresource => format!("{}/{subresource}` {}", known.plural, known.gives),
    });
    assert_eq!(rows, known.collect::<Vec<_>>());
}
