//! Detects Helm templates. Charts contain CustomResourceDefinitions as templates, which look like YAML but are not.

use wagather_yaml::{Error, Place};

/// The beginnings of template actions, after `{{`.
const ACTIONS: &[&str] = &[
    ".Values",
    ".Release",
    ".Chart",
    ".Capabilities",
    ".Files",
    ".Template",
    "$",
    "/*",
    "include ",
    "template ",
    "tpl ",
    "toYaml ",
    "if ",
    "else",
    "end",
    "range ",
    "with ",
    "define ",
    "block ",
    "fail ",
    "required ",
    "default ",
    "quote ",
    "printf ",
    "lookup ",
];

/// If a text is a Helm template: the place of the first action, and advice.
pub(crate) fn advice(text: &str) -> Option<Error> {
    let (number, line) = text.lines().enumerate().find(|(_, line)| is_of_template(line))?;
    let column = line.split("{{").next().map_or(0, |before| before.chars().count()) + 1;
    let message = format!(
        "this is a Helm template ('{}'): use the output of 'helm template CHART', a file in the chart's crds/ folder, or the output of 'kubectl get crd NAME.GROUP -o yaml'",
        wagather_yaml::shown(line.trim())
    );
    Some(Error { place: Place { line: number + 1, column }, message })
}

fn is_of_template(line: &str) -> bool {
    let line = line.trim_start();
    let mut actions =
        line.match_indices("{{").map(|(at, _)| (at, line[at + 2..].trim_start_matches('-').trim_start()));
    // Descriptions may mention other templates, with different variables.
    actions.any(|(at, action)| {
        ACTIONS.iter().any(|known| action.starts_with(known) && (at == 0 || *known != "end"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_told_from_what_speaks_of_them() {
        for text in [
            "{{- if .Values.installCRDs }}\nkind: CustomResourceDefinition\n",
            "a: 1\n  {{- with .Values.x }}",
            "name: {{ include \"chart.fullname\" . }}",
            "name: \"{{ .Release.Name }}-x\"",
            "labels: {{- toYaml .Values.labels | nindent 4 }}",
            "{{ $name := 1 }}",
            "{{/* a comment */}}",
        ] {
            assert!(advice(text).is_some(), "{text}");
        }
        for text in [
            "description: as in {{workflow.name}} or {{ inputs.parameters.x }}",
            "description: '{{endpoint}}'",
            "a: {b: {c: 1}}",
            "",
        ] {
            assert_eq!(advice(text), None, "{text}");
        }
        let told = advice("a: 1\nb: {{ .Values.b }}").expect("a template").to_string();
        assert!(told.starts_with("2:4: this is a Helm template ('b: {{ .Values.b }}')"), "{told}");
    }
}
