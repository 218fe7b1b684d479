//! Charts of Helm have CustomResourceDefinitions that are no YAML yet: templates, which look like it. Whoever names one is told.

/// What actions of Helm's templates begin with, behind `{{`.
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

/// If a text is a template of Helm's: what to do about it.
pub(crate) fn advice(text: &str) -> Option<String> {
    let (number, line) = text.lines().enumerate().find(|(_, line)| is_of_template(line))?;
    Some(format!(
        "this is a Helm template (line {}: '{}'): use the output of 'helm template CHART', a file in the chart's crds/ folder, or the output of 'kubectl get crd NAME.GROUP -o yaml'",
        number + 1,
        wagather_yaml::shown(line.trim())
    ))
}

fn is_of_template(line: &str) -> bool {
    let line = line.trim_start();
    let mut actions =
        line.match_indices("{{").map(|(at, _)| (at, line[at + 2..].trim_start_matches('-').trim_start()));
    // Descriptions may be about other templates, whose variables look otherwise.
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
        let told = advice("a: 1\nb: {{ .Values.b }}").expect("a template");
        assert!(told.contains("line 2: 'b: {{ .Values.b }}'") && told.contains("helm template"), "{told}");
    }
}
