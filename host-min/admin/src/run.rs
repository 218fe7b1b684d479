//! `host-min run` on several clusters and on archives.

use crate::{clusters, fleet};
use std::sync::Arc;
use wagather_base::error::Result;
use wagather_base::stop;
use wagather_cli::args::Run;
use wagather_cli::{display, run as one};
use wagather_run::Plan;
use wagather_sandbox::process::{Isolation, SingleThreaded};

pub(crate) fn run(mut args: Run, single_threaded: SingleThreaded) -> Result<()> {
    stop::heed_signals();
    let mut plan = args.plan(Plan::new, Isolation::Fork(single_threaded))?;
    if let Some(several) = &args.several {
        if args.display.shows_requests() {
            // With several clusters, each process writes to its own stderr, and the parent adds the context to each
            // line.
            plan.trace = Some(Arc::new(display::show_request));
        }
        return clusters::run_all(several, &plan, args.display, single_threaded);
    }
    if let Some(archives) = args.archives {
        return fleet::run_all(archives, &plan, args.display, single_threaded);
    }
    one::run(args, plan)
}
