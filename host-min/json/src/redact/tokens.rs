//! Tokens that are known by how they begin, and what they consist of.
//!
//! The forms are facts that their issuers publish, most of them in the rules of secret scanners.

use super::bytes::{CRYPT, HEX, JWT, LETTERS, PATH, TOKEN, UPPER, URL64};

/// A prefix, of what class of bytes the rest is, and how many of them follow at least.
pub(super) type Form = (&'static str, u16, usize);

/// Tokens that are recognised without rules of the cluster's owner.
pub(super) const FORMS: &[Form] = &[
    // OpenShift
    ("sha256~", URL64, 43),
    // GitHub
    ("ghp_", URL64, 36),
    ("gho_", URL64, 36),
    ("ghu_", URL64, 36),
    ("ghs_", URL64, 36),
    ("ghr_", URL64, 36),
    ("github_pat_", URL64, 36),
    // GitLab
    ("glpat-", URL64, 20),
    ("glrt-", URL64, 20),
    ("gldt-", URL64, 20),
    ("glft-", URL64, 20),
    ("glcbt-", URL64, 20),
    ("glptt-", URL64, 40),
    ("glimt-", URL64, 25),
    ("glsoat-", URL64, 20),
    ("gloas-", URL64, 64),
    ("glffct-", URL64, 20),
    ("glagent-", URL64, 50),
    ("GR1348941", URL64, 20),
    // AWS: the id of a key or a session, which says whose it is
    ("AKIA", UPPER, 16),
    ("ASIA", UPPER, 16),
    ("ABIA", UPPER, 16),
    ("ACCA", UPPER, 16),
    ("ABSKQmVkcm9ja0FQSUtleS", TOKEN, 60),
    // Google
    ("AIza", URL64, 35),
    ("ya29.", JWT, 20),
    ("GOCSPX-", URL64, 28),
    // Slack
    ("xoxb-", URL64, 10),
    ("xoxp-", URL64, 10),
    ("xoxa-", URL64, 10),
    ("xoxr-", URL64, 10),
    ("xoxs-", URL64, 10),
    ("xoxo-", URL64, 10),
    ("xoxe-", URL64, 10),
    ("xoxe.xox", JWT, 20),
    ("xapp-", URL64, 20),
    ("hooks.slack.com/services/", TOKEN, 20),
    ("hooks.slack.com/workflows/", TOKEN, 20),
    ("hooks.slack.com/triggers/", TOKEN, 20),
    // Discord, Teams
    ("discord.com/api/webhooks/", TOKEN, 40),
    ("discordapp.com/api/webhooks/", TOKEN, 40),
    ("webhook.office.com/webhookb2/", PATH, 40),
    // HashiCorp
    ("hvs.", URL64, 20),
    ("hvb.", URL64, 20),
    ("hvr.", URL64, 20),
    // Registries of packages and images
    ("npm_", LETTERS, 36),
    ("pypi-AgE", URL64, 16),
    ("rubygems_", HEX, 48),
    ("dckr_pat_", URL64, 27),
    ("dckr_oat_", URL64, 32),
    ("CLOJARS_", LETTERS, 60),
    // Payment and trade
    ("sk_live_", LETTERS, 10),
    ("sk_test_", LETTERS, 10),
    ("sk_prod_", LETTERS, 10),
    ("rk_live_", LETTERS, 10),
    ("rk_test_", LETTERS, 10),
    ("rk_prod_", LETTERS, 10),
    ("whsec_", TOKEN, 32),
    ("sq0atp-", URL64, 22),
    ("sq0csp-", URL64, 43),
    ("shpat_", HEX, 32),
    ("shpca_", HEX, 32),
    ("shppa_", HEX, 32),
    ("shpss_", HEX, 32),
    ("shippo_live_", HEX, 40),
    ("shippo_test_", HEX, 40),
    ("FLWSECK", URL64, 20),
    // Mail
    ("SG.", JWT, 66),
    ("xkeysib-", URL64, 80),
    ("xsmtpsib-", URL64, 80),
    // Clouds and their tools
    ("dop_v1_", HEX, 64),
    ("doo_v1_", HEX, 64),
    ("dor_v1_", HEX, 64),
    ("LTAI", LETTERS, 16),
    ("dapi", HEX, 32),
    ("dp.pt.", LETTERS, 40),
    ("dp.st.", JWT, 40),
    ("dt0c01.", JWT, 80),
    ("dt0s01.", JWT, 80),
    ("pul-", HEX, 40),
    ("ico-", LETTERS, 32),
    ("tskey-auth-", URL64, 20),
    ("tskey-api-", URL64, 20),
    ("tskey-client-", URL64, 20),
    ("pscale_tkn_", URL64, 32),
    ("pscale_pw_", URL64, 32),
    ("pscale_oauth_", URL64, 32),
    ("sbp_", HEX, 40),
    ("HRKU-", URL64, 36),
    ("v1.0-", URL64, 100),
    // Observability
    ("glsa_", URL64, 40),
    ("glc_ey", TOKEN, 32),
    ("NRAK-", LETTERS, 27),
    ("NRII-", URL64, 32),
    ("NRJS-", HEX, 19),
    ("sntrys_", TOKEN, 60),
    ("sntryu_", HEX, 64),
    ("phc_", LETTERS, 43),
    ("phx_", LETTERS, 43),
    // Models
    ("sk-ant-", URL64, 20),
    ("sk-proj-", URL64, 20),
    ("sk-svcacct-", URL64, 20),
    ("sk-admin-", URL64, 20),
    ("sk-or-v1-", HEX, 40),
    ("hf_", LETTERS, 34),
    ("api_org_", LETTERS, 34),
    ("gsk_", LETTERS, 40),
    ("nvapi-", URL64, 60),
    ("pplx-", LETTERS, 40),
    ("xai-", LETTERS, 60),
    ("r8_", LETTERS, 37),
    // Others
    ("AGE-SECRET-KEY-1", UPPER, 40),
    ("ATATT3", TOKEN, 60),
    ("ATCTT3", TOKEN, 60),
    ("ATBB", LETTERS, 32),
    ("lin_api_", LETTERS, 40),
    ("lin_oauth_", LETTERS, 40),
    ("ntn_", LETTERS, 40),
    ("PMAK-", URL64, 50),
    ("figd_", URL64, 40),
    ("ops_eyJ", TOKEN, 60),
    ("CCIPAT_", URL64, 40),
    ("rdme_", LETTERS, 70),
    ("pnu_", LETTERS, 36),
    ("sonar_", URL64, 40),
    ("sqp_", HEX, 40),
    ("squ_", HEX, 40),
    ("sqa_", HEX, 40),
    // Passwords as /etc/shadow, htpasswd and databases keep them
    ("$1$", CRYPT, 24),
    ("$5$", CRYPT, 43),
    ("$6$", CRYPT, 86),
    ("$y$", CRYPT, 43),
    ("$2a$", CRYPT, 56),
    ("$2b$", CRYPT, 56),
    ("$2y$", CRYPT, 56),
    ("$apr1$", CRYPT, 22),
    ("$argon2", CRYPT, 40),
];

/// Before these there may be any letter, as in `xghp_`: no word ends so.
const ANYWHERE: &[&str] = &["sha256~", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-"];

/// Whether a prefix counts only at the beginning of a word.
pub(super) fn begins_word(prefix: &str) -> bool {
    !prefix.starts_with('$') && !ANYWHERE.contains(&prefix)
}
