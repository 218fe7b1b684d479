//! Prints the functions of the host in the order in which runs call them first, for `.ci/host`, which places them so.
//!
//! `.ci/start-order` builds what it needs and runs it: `start-order PROGRAM MODULE...`, where the program has its symbols. It runs
//! each module over plain HTTP and then over TLS, with a server of its own and a breakpoint at each function (`trace.rs`).
//!
//! `start-order names` makes an order of the functions whose names are on stdin: for a service, which is traced by callgrind (`.ci/start-order serve`).

mod pattern;
mod server;
mod trace;

use std::collections::{BTreeMap, HashSet};
use std::error::Error;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use tests::certificates::Authority;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    if !cfg!(target_arch = "x86_64") {
        return Err("the order is made on x86_64; the names are the same elsewhere".into());
    }
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words == ["names"] {
        let patterns = pattern::all(&std::io::read_to_string(std::io::stdin())?);
        return Ok(writeln!(std::io::stdout().lock(), "{}", patterns.join("\n"))?);
    }
    let Some((program, modules)) = words.split_first().filter(|(_, modules)| !modules.is_empty()) else {
        return Err("start-order PROGRAM MODULE...".into());
    };
    let program = fs::canonicalize(program)?;
    let symbols = symbols(&program)?;
    let functions: Vec<u64> = symbols.keys().copied().collect();
    let scratch = tempfile::tempdir()?;
    let authority = Authority::new("start-order");
    let plain = format!("http://127.0.0.1:{}", server::start(None)?);
    let secure =
        format!("https://127.0.0.1:{}", server::start(Some(authority.server("127.0.0.1").config()))?);
    let kubeconfig = scratch.path().join("kubeconfig");
    fs::write(scratch.path().join("ca.crt"), authority.pem())?;
    fs::write(&kubeconfig, kubeconfig_of(&secure))?;
    let (mut found, mut patterns) = (HashSet::new(), Vec::new());
    for is_secure in [false, true] {
        for module in modules {
            let output = scratch.path().join("gathered.tar.gz");
            let mut command = Command::new(&program);
            command.env_clear().args(["run", "--quiet", module, "--output"]).arg(&output);
            match is_secure {
                false => command.args(["--server", &plain]),
                true => command.arg("--kubeconfig").arg(&kubeconfig),
            };
            for function in trace::called(command, &program, &functions)? {
                for pattern in symbols[&function].iter().map(|name| pattern::of(name)) {
                    if found.insert(pattern.clone()) {
                        patterns.push(pattern);
                    }
                }
            }
            fs::remove_file(&output)?;
        }
    }
    Ok(writeln!(std::io::stdout().lock(), "{}", patterns.join("\n"))?)
}

fn kubeconfig_of(server: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: c\ncontexts: [{{name: c, context: {{cluster: c, user: u}}}}]\n\
         clusters: [{{name: c, cluster: {{server: '{server}', certificate-authority: ca.crt}}}}]\n\
         users: [{{name: u, user: {{token: start-order}}}}]\n"
    )
}

/// The names of the functions at each address, from `nm`. Those without a size may be data.
fn symbols(program: &Path) -> Result<BTreeMap<u64, Vec<String>>> {
    let listed = Command::new("nm").args(["--defined-only", "--print-size"]).arg(program).output()?;
    let mut symbols: BTreeMap<u64, Vec<String>> = BTreeMap::new();
    for line in String::from_utf8(listed.stdout)?.lines() {
        let mut words = line.split(' ');
        let words = [(); 4].map(|()| words.next());
        if let [Some(address), Some(_), Some("t" | "T" | "w" | "W"), Some(name)] = words {
            symbols.entry(u64::from_str_radix(address, 16)?).or_default().push(name.to_owned());
        }
    }
    if symbols.is_empty() { Err(format!("{} has no symbols", program.display()).into()) } else { Ok(symbols) }
}
